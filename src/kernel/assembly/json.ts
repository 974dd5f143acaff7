// JSON, the shape of /metrics.json: families as members of one object, a series as a member or an element.
//
// Label text is escaped for the exposition formats; the three escapes it has (\\ \" \n) are JSON's too, so only
// control characters remain to be spelled.
import { byte, copy } from "./copy";
import {
	F_BOUNDS,
	F_JSON,
	F_JSON_BYTES,
	F_LABELS,
	F_NAME,
	F_NAME_BYTES,
	F_SUFFIX_MAX,
	F_SUFFIXES,
	H_DEFAULTS,
	H_DEFAULTS_BYTES,
	H_DEFAULTS_COUNT,
	H_DEFAULTS_JSON,
	H_DEFAULTS_JSON_BYTES,
	NUMBER_BYTES,
	SLOT_PREFIX_BYTES,
	SLOT_PREFIX_WORD,
	SUFFIX_WORDS,
} from "./layout";
import { jsonNumber, number } from "./number";
import { address, field, header } from "./record";

/** `"name":{"help":…,"type":…,"value":` */
export function jsonHead(to: usize, slot: u32, family: u32): usize {
	to = byte(to, 0x22);
	to = copy(
		to,
		address(slot + SLOT_PREFIX_WORD),
		field(slot, SLOT_PREFIX_BYTES),
	);
	to = copy(to, address(field(family, F_NAME)), field(family, F_NAME_BYTES));
	return copy(to, address(field(family, F_JSON)), field(family, F_JSON_BYTES));
}

/** Labels that a line of the family has. */
export function labelCount(family: u32): i32 {
	return field(family, F_LABELS) + header(H_DEFAULTS_COUNT);
}

/** At most this many bytes of a series are not its own label text. */
export function jsonFixed(family: u32): i32 {
	const rows = field(family, F_BOUNDS) + 3;
	return (
		128 +
		4 * labelCount(family) +
		header(H_DEFAULTS_JSON_BYTES) +
		rows * (field(family, F_SUFFIX_MAX) + NUMBER_BYTES + 4)
	);
}

const HEX: usize = memory.data<u8>([
	48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 97, 98, 99, 100, 101, 102,
]);

/** Label text as JSON text, control characters spelled. */
function escaped(to: usize, from: usize, bytes: i32, control: bool): usize {
	if (!control) return copy(to, from, bytes);
	for (let n = 0; n < bytes; n++) {
		const c = load<u8>(from + n);
		if (c >= 0x20) to = byte(to, c);
		else {
			store<u32>(to, 0x3030755c); // \u00
			store<u8>(to + 4, load<u8>(HEX + (c >> 4)));
			store<u8>(to + 5, load<u8>(HEX + (c & 15)));
			to += 6;
		}
	}
	return to;
}

/** Bytes of a label name, up to its `=`. */
function nameBytes(text: usize): i32 {
	let n = 0;
	while (load<u8>(text + n) != 0x3d) n++;
	return n;
}

/** Bytes of a quoted value, its quotes included. */
function quotedBytes(text: usize): i32 {
	let n = 1;
	while (load<u8>(text + n) != 0x22) n += load<u8>(text + n) == 0x5c ? 2 : 1;
	return n + 1;
}

/** `"a":"x","b":"y"` from `a="x",b="y"`. */
function members(to: usize, text: usize, bytes: i32, control: bool): usize {
	const end = text + bytes;
	while (text < end) {
		const length = nameBytes(text);
		to = byte(to, 0x22);
		to = copy(to, text, length);
		to = byte(to, 0x22);
		to = byte(to, 0x3a);
		text += length + 1;
		const quoted = quotedBytes(text);
		to = escaped(to, text, quoted, control);
		text += quoted;
		if (text < end) {
			to = byte(to, 0x2c);
			text++;
		}
	}
	return to;
}

/**
 * What opens the value of a family: nothing, `{"label":{` or `[`. `text` is the first series' label text, or 0 when
 * it has none.
 */
export function jsonOpen(to: usize, family: u32, text: usize): usize {
	const labels = labelCount(family);
	if (labels == 0) return to;
	if (labels > 1) return byte(to, 0x5b);
	if (text == 0) text = address(header(H_DEFAULTS));
	to = byte(to, 0x7b);
	to = byte(to, 0x22);
	const length = nameBytes(text);
	to = copy(to, text, length);
	store<u32>(to, 0x7b3a22); // ":{
	return to + 3;
}

export function jsonClose(to: usize, family: u32): usize {
	const labels = labelCount(family);
	if (labels == 0) return to;
	if (labels > 1) return byte(to, 0x5d);
	to = byte(to, 0x7d);
	return byte(to, 0x7d);
}

/** One series: its labels and what leads to its value; `jsonEnd` closes it. */
export function jsonLabels(
	to: usize,
	family: u32,
	text: usize,
	textBytes: i32,
	control: bool,
): usize {
	const labels = labelCount(family);
	if (labels == 0) return to;
	if (labels == 1) {
		if (text == 0) {
			const defaults = address(header(H_DEFAULTS_JSON));
			const skip = nameBytesJson(defaults);
			to = copy(to, defaults + skip, header(H_DEFAULTS_JSON_BYTES) - skip);
		} else {
			const skip = nameBytes(text) + 1;
			to = escaped(to, text + skip, textBytes - skip, control);
		}
		return byte(to, 0x3a);
	}
	to = byte(to, 0x7b);
	if (header(H_DEFAULTS_BYTES) != 0) {
		to = copy(
			to,
			address(header(H_DEFAULTS_JSON)),
			header(H_DEFAULTS_JSON_BYTES),
		);
		if (text != 0) to = byte(to, 0x2c);
	}
	if (text != 0) to = members(to, text, textBytes, control);
	store<u32>(to, 0x4022_2c); // ,"@
	store<u32>(to + 3, 0x3a22); // ":
	return to + 5;
}

export function jsonEnd(to: usize, family: u32): usize {
	return labelCount(family) > 1 ? byte(to, 0x7d) : to;
}

/** Bytes up to and with the colon of `"name":"value"`. */
function nameBytesJson(text: usize): i32 {
	let n = 0;
	while (load<u8>(text + n) != 0x3a) n++;
	return n + 1;
}

/** `{"count":…,"sum":…,"avg":…,"bucket":[[le,cumulative],…]}` */
export function jsonHistogram(to: usize, family: u32, values: usize): usize {
	const bounds = field(family, F_BOUNDS);
	let count: f64 = 0;
	for (let n = 0; n <= bounds; n++)
		count += load<f64>(values + ((<usize>n) << 3));
	const sum = load<f64>(values + ((<usize>(bounds + 1)) << 3));
	store<u64>(to, 0x6e756f63227b); // {"coun
	store<u32>(to + 6, 0x3a2274); // t":
	to = number(to + 9, count);
	store<u64>(to, 0x3a226d7573222c); // ,"sum":
	to = jsonNumber(to + 7, sum);
	store<u64>(to, 0x3a22677661222c); // ,"avg":
	to = jsonNumber(to + 7, count == 0 ? 0 : sum / count);
	store<u64>(to, 0x656b637562222c); // ,"bucke
	store<u32>(to + 7, 0x5b3a2274); // t":[
	to += 11;
	let suffix = address(field(family, F_SUFFIXES));
	let total: f64 = 0;
	for (let n = 0; n < bounds; n++) {
		if (n != 0) to = byte(to, 0x2c);
		total += load<f64>(values + ((<usize>n) << 3));
		to = copy(to, address(load<u32>(suffix, 8)), load<i32>(suffix, 12));
		to = number(to, total);
		to = byte(to, 0x5d);
		suffix += SUFFIX_WORDS << 3;
	}
	to = byte(to, 0x5d);
	return byte(to, 0x7d);
}
