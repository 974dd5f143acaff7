import { show } from '../../common/errors.js'

/** What of a family a picture on the dashboard shows: all of it in one figure, or its sums by the values of a label. */
export interface Panel {
  readonly name: string
  readonly by: string | undefined
}

/** More would not be on one screen. */
export const MOST_PANELS = 16

/** Names are as long as those of a family and a label may be. */
const PANEL = /^([a-zA-Z_:][a-zA-Z0-9_:]{0,1023})(?:\/([a-zA-Z_][a-zA-Z0-9_]{0,1023}))?$/

/** Reads `NAME` and `NAME/LABEL`; a text says what is wrong. */
export function panelsOf(texts: readonly string[]): readonly Panel[] | string {
  if (texts.length === 0) return 'is missing: it names a family, as mail_queued or mail_queued/domain'
  if (texts.length > MOST_PANELS) return `comes ${texts.length} times, where ${MOST_PANELS} are allowed`
  const panels: Panel[] = []
  for (const text of texts) {
    const [, name, by] = PANEL.exec(text) ?? []
    if (name === undefined) return `${show(text)} is none such as mail_queued or mail_queued/domain`
    panels.push({ name, by })
  }
  return panels
}
