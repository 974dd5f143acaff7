import type { Catalogue } from './families/catalogue.js'
import type { InstrumentOf } from './families/define.js'

/** `total_messages_delivered` as `totalMessagesDelivered`. */
type Camel<S extends string> = S extends `${infer Word}_${infer Rest}`
  ? `${Word}${Capitalize<Camel<Rest>>}`
  : S

/** A property for each family of the catalogue, registered when it is first read. */
export type MtaInstruments = {
  readonly [Name in keyof Catalogue as Camel<Name>]: InstrumentOf<Catalogue[Name]>
}
