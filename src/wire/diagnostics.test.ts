import { expect, test } from 'vitest'
import { DowncastError } from '../core/diagnostics.ts'
import { checksumMismatch, limitExceeded, malformed, truncated } from './diagnostics.ts'

test('a byte fault says what, where, expected against found, and what to do', () => {
  const e = truncated({ file: 'saved_model.pb', offset: 17, path: 'meta_graphs[0]', what: 'message', expected: '20 bytes', actual: '3' })
  expect(e).toBeInstanceOf(DowncastError)
  expect(e.message).toBe('The message of "saved_model.pb" at byte 17 in meta_graphs[0] is cut short: expected 20 bytes, found 3.')
  expect(e.hint).toMatch(/copy or download it again/)
  expect(e).toMatchObject({ code: 'wire/truncated', stage: 'wire', file: 'saved_model.pb', offset: 17, path: 'meta_graphs[0]' })
})

test('each factory has its own code, and fields that are not known leave no trace in the sentence', () => {
  expect(limitExceeded({ file: 'a', what: 'depth' })).toMatchObject({
    code: 'wire/limit-exceeded',
    message: 'The depth of "a" is beyond the limit.',
  })
  expect(malformed({ file: 'a', what: 'tag', hint: 'Do this.' })).toMatchObject({ code: 'wire/malformed', hint: 'Do this.' })
  expect(checksumMismatch({ file: 'a', what: 'block', offset: 0 }).message).toBe('The block of "a" at byte 0 fails its checksum.')
})
