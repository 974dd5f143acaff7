/** Makes elements: text is always text, never markup. */

type Attributes = Readonly<Record<string, string | boolean | undefined>>

export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue
    element.setAttribute(name, value === true ? '' : value)
  }
  element.append(...children)
  return element
}

/** An element that index.html has. */
export function byId<E extends HTMLElement>(id: string): E {
  return document.getElementById(id) as E
}

/** Writes a text only where it is another one: what stays is not read out again, nor laid out. */
export function write(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text
}

let made = 0

export function newId(): string {
  return `n${++made}`
}
