import { show } from '../../common/errors.js'
import { FAMILY, LABEL, MOST_PANELS } from '../contract/dashboard.js'

/** What of a family a picture on the dashboard shows: all of it in one figure, or its sums by the values of a label. */
export interface Panel {
  readonly name: string
  readonly by: string | undefined
}

/** Reads `NAME` and `NAME/LABEL`; a text says what is wrong. */
export function panelsOf(texts: readonly string[]): readonly Panel[] | string {
  if (texts.length === 0) return 'is missing: it names a family, as mail_queued or mail_queued/domain'
  if (texts.length > MOST_PANELS) return `comes ${texts.length} times, where ${MOST_PANELS} are allowed`
  const panels: Panel[] = []
  for (const text of texts) {
    const [name, by, ...more] = text.split('/')
    if (!FAMILY.test(name!) || (by !== undefined && !LABEL.test(by)) || more.length > 0)
      return `${show(text)} is none such as mail_queued or mail_queued/domain`
    panels.push({ name: name!, by })
  }
  return panels
}
