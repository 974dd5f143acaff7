// Protobuf's integers: seven bits a byte, the lowest first.
export function varint(to: usize, value: u64): usize {
  while (value >= 0x80) {
    store<u8>(to++, <u8>(value | 0x80))
    value >>= 7
  }
  store<u8>(to, <u8>value)
  return to + 1
}
