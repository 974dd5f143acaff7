/** Keeps this thread in a loop for so many milliseconds. */
export function burn(milliseconds: number): void {
  const end = performance.now() + milliseconds
  while (performance.now() < end);
}
