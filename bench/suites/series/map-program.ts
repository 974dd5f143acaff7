import { answerQuestions } from '../../harness/child.js'
import { type Registering, registering } from './registering.js'

export type MapMeasured = Registering

// Run as `map-program.js SERIES`: the least that anybody does who keeps series by their labels.
const series = new Map<string, { value: number }>()
const measured: MapMeasured = await registering(Number(process.argv[2]), key => {
  series.set(key, { value: 0 })
})
answerQuestions(measured, () => series.size)
