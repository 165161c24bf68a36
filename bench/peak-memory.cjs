// Preloaded into a benchmarked Node process: writes its peak memory in KB to the file that BENCH_PEAK_FILE names.
const { writeFileSync } = require('node:fs')
process.on('exit', () => writeFileSync(process.env.BENCH_PEAK_FILE, String(process.resourceUsage().maxRSS)))
