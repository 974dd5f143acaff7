// What a piece of a family is encoded with, and the one loop over its series.
//
// Each format, and in text each kind of family, has a class of its own that extends Encoder: `begin` writes what stands
// before the series and notes what they need, `most` says how many bytes one takes at most, `write` writes one, and
// `finish` what stands behind them. The loop is compiled once for each class, with `most` and `write` inlined: there is
// no call through a table, and no question in it that is the same for all series of a family.
//
// An encoder lies in the slot, behind the heads in its scratch: so it is the caller's, as all that the kernel works
// with, and can be handed on as one pointer. It cannot be static: all instances' statics lie in the same place. In globals,
// of which each instance has its own, it would be safe too, but nobody could see who reads which. It is filled anew for
// each piece, and read by nobody else.
import { beforeCopy } from './hook'
import {
  FORMAT_REMOTE_WRITE_2,
  HEAD_BYTES,
  MAX_DEFAULTS_BYTES,
  MAX_NAME_BYTES,
  MAX_PREFIX_BYTES,
  SCRATCH_BYTES,
  SLACK_BYTES,
  TEXT_CONTROL_BIT,
} from './layout'
import { isExposed, isPushed, next, slotEnd, textOf } from './place'
import { nth, view } from './record'
import { Family, Piece, Place, Slot } from './records'
import { soundFamily } from './sound'
import { symbolsAt } from './symbols'

@unmanaged
export class Encoder {
  slot: Slot
  /** A copy of its record, which nobody else writes. */
  family: Family
  /** FORMAT_TEXT to FORMAT_OTLP. */
  format: i32
  /** KIND_COUNTER to KIND_INFO. */
  kind: i32
  /** PIECE_HEAD to PIECE_CLOSE. */
  flags: i32
  /** Bytes planned for each exemplar; 0 where none are exposed. */
  room: i32
  /** Series that were born after this scrape began are left out. */
  seq: i32
  /** Bytes from the values of one series to those of the next. */
  step: usize
  /** Where the slot's text must end. */
  end: usize
  /** Where the piece begins in it. */
  begun: usize
  /** Where its series do. */
  opened: usize

  /** A series' label text; 0 where the family has no labels. */
  // @ts-ignore: decorator
  @inline
  labelText(place: Place): usize {
    return this.family.labels != 0 ? textOf(place) : 0
  }
}

/** Kept behind the heads for an encoder of any class. */
const ENCODER_BYTES: i32 = 256

/** Bytes of a head at most: `prefix_name_created{defaults,prefix`. */
const MOST_HEAD: i32 = 2 * MAX_PREFIX_BYTES + MAX_NAME_BYTES + MAX_DEFAULTS_BYTES + 16 + SLACK_BYTES
/** Before it, for a copy of the family's record. */
const FAMILY_BYTES: i32 = 512
if (<i32>offsetof<Family>() > FAMILY_BYTES) ERROR('A family is larger than what is kept for its copy')
if (MOST_HEAD > HEAD_BYTES - ENCODER_BYTES - FAMILY_BYTES) ERROR('An encoder has no room behind the last head')

/** The slot's encoder, for a piece; its class' own fields are for `begin` to fill. */
export function encoderFor(slot: Slot, piece: Piece, to: usize): Encoder {
  const encoder = changetype<Encoder>(slot.scratch + (SCRATCH_BYTES - ENCODER_BYTES))
  const copy = slot.scratch + (SCRATCH_BYTES - ENCODER_BYTES - FAMILY_BYTES)
  const family = soundFamily(copy, view<Family>(piece.family))
  encoder.slot = slot
  encoder.family = family
  encoder.format = slot.format
  encoder.kind = family.kind
  encoder.flags = piece.flags
  encoder.room = piece.exemplar
  encoder.seq = slot.seq
  encoder.step = <usize>family.cells << 3
  encoder.end = slot.format == FORMAT_REMOTE_WRITE_2 ? symbolsAt(slot) : slotEnd(slot)
  encoder.begun = to
  return encoder
}

/** The slot's encoder as what it is. */
// @ts-ignore: decorator
@inline
export function cast<E extends Encoder>(encoder: Encoder): E {
  if (<i32>offsetof<E>() > ENCODER_BYTES) ERROR('An encoder is larger than what is kept for it')
  return changetype<E>(changetype<usize>(encoder))
}

/** Writes a run of series from their folded values. Returns where they end; 0 where they do not fit. */
export function writeSeries<E extends Encoder>(
  encoder: E,
  to: usize,
  first: Place,
  count: i32,
  values: usize,
): usize {
  const seq = encoder.seq
  const end = encoder.end
  const step = encoder.step
  const last = nth<Place>(changetype<usize>(first), count)
  for (let place = first; place != last; place = next(place), values += step) {
    to = writeOne<E>(encoder, to, end, seq, place, values)
    if (to == 0) return 0
  }
  return to
}

/** One of them, if it is exposed. */
// @ts-ignore: decorator
@inline
export function writeOne<E extends Encoder>(
  encoder: E,
  to: usize,
  end: usize,
  seq: i32,
  place: Place,
  values: usize,
): usize {
  // Known when it is compiled: what is pushed alone can be of series that are gone.
  if (isDefined(encoder.gone)) {
    if (!isPushed(place, seq, encoder.slot.series)) return to
  } else if (!isExposed(place, seq)) return to
  return writeKnown<E>(encoder, to, end, place, values)
}

/** One of which it is known that it is exposed. */
// @ts-ignore: decorator
@inline
export function writeKnown<E extends Encoder>(encoder: E, to: usize, end: usize, place: Place, values: usize): usize {
  beforeCopy(changetype<usize>(place))
  // Once: what was asked for is what is copied, also where the place is another series' meanwhile.
  const bits = place.textBytes
  const bytes = bits & ~TEXT_CONTROL_BIT
  if (<u64>to + encoder.most(bytes, bits != bytes) > <u64>end) return 0
  return encoder.write(to, place, bytes, bits != bytes, values)
}
