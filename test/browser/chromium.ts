import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

const places = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** The system's Chromium; undefined where there is none, which is an error in CI and a message elsewhere. */
export async function launchChromium(): Promise<Browser | undefined> {
  const executablePath = places.find((p) => p && existsSync(p))
  if (executablePath) return await chromium.launch({ executablePath, args: ['--no-sandbox'] })
  const message = 'Chromium is not installed: install it (apt-get install chromium) or set CHROMIUM to its path.'
  if (process.env.CI) throw new Error(message)
  console.warn(`${message} The tests of pages are skipped.`)
  return undefined
}
