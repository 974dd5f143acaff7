/** Light or dark: as the system has it, or as was chosen here once. */
import { byId } from './dom.js'

const KEY = 'postmeter-theme'

/** @param changed is called when colours are others than before. */
export function startTheme(changed: () => void): void {
  const select = byId<HTMLSelectElement>('theme')
  select.value = recall()
  if (select.value === '') select.value = 'system'
  apply(select.value)
  select.addEventListener('change', () => {
    remember(select.value)
    apply(select.value)
    changed()
  })
  // It has the page laid out, which the first frame does anyway: not both in one task.
  requestAnimationFrame(() => {
    for (const query of ['(prefers-color-scheme: dark)', '(forced-colors: active)'])
      matchMedia(query).addEventListener('change', changed)
  })
}

function apply(theme: string): void {
  if (theme === 'system') delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = theme
}

function recall(): string {
  try {
    return localStorage.getItem(KEY) ?? 'system'
  } catch {
    // Browsers can be told to keep nothing.
    return 'system'
  }
}

function remember(theme: string): void {
  try {
    localStorage.setItem(KEY, theme)
  } catch {
    // Then it holds as long as the page does.
  }
}
