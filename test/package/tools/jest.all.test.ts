import t from 'tap'
import { tryJest } from './jest.js'

t.test('Jest', t =>
  tryJest(t, [
    ['common', '--maxWorkers=2'],
    ['modules', '--runInBand'],
  ]),
)
