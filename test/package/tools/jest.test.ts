import t from 'tap'
import { tryJest } from './jest.js'

t.test('Jest', t =>
  tryJest(t, [
    ['common', '--runInBand'],
    ['modules', '--maxWorkers=2'],
  ]),
)
