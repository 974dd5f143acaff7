/** Whether a version such as `2.9` is older than another such as `2.36`. What stands behind the second number is ignored. */
export function isBefore(version: string, other: string): boolean {
  const [major, minor] = numbers(version)
  const [otherMajor, otherMinor] = numbers(other)
  return major < otherMajor || (major === otherMajor && minor < otherMinor)
}

function numbers(version: string): [major: number, minor: number] {
  const [major = 0, minor = 0] = version.split('.').map(part => Number.parseInt(part, 10))
  return [major, minor]
}
