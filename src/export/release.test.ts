import { expect, it } from 'vitest'
import { compareReleases, latestRelease } from './release.ts'

it('orders releases by number, not by text', () => {
  expect(compareReleases('1.14.0', '1.5.0')).toBeGreaterThan(0)
  expect(compareReleases('1.10', '1.10.0')).toBe(0)
  expect(latestRelease(['1.5.0', '2.3.0', '1.14.0'])).toBe('2.3.0')
  expect(latestRelease([])).toBe('')
})
