import type { CounterChild, Registry } from '../../src/index.js'

/** What a refusal says, by the words that receivers use. The first rule that fits decides. */
const rules = [
  [/\b5\.1\.[0-3]\b|no such (user|mailbox)|unknown (user|recipient)/i, 'InvalidRecipient'],
  [/\b[45]\.2\.2\b|quota|mailbox (is )?full/i, 'QuotaIssues'],
  [/\b[45]\.4\.4\b|no mail host|domain (does )?not exist/i, 'BadDomain'],
  [/\b5\.7\.\d+\b|spam|blocked|policy/i, 'PolicyRelated'],
  [/\b4\.7\.\d+\b|greylist|try again|too many|busy/i, 'TransientFailure'],
  [/connect|socket|timed? ?out/i, 'NoAnswerFromHost'],
] as const
const OTHERS = 'Uncategorized'

export type BounceClass = (typeof rules)[number][1] | typeof OTHERS

export function classify(response: string): BounceClass {
  for (const [pattern, name] of rules) if (pattern.test(response)) return name
  return OTHERS
}

/** What failed, by class. */
export interface ClassCounts {
  readonly transfail: Readonly<Record<BounceClass, CounterChild>>
  readonly fail: Readonly<Record<BounceClass, CounterChild>>
}

/**
 * kumod logs the class of a bounce and counts none, so these two are the program's own, named as those by provider are.
 * All classes are there from the start, at 0: rate() does not see the first count of a series that comes with it.
 */
export function classCounts(registry: Registry): ClassCounts {
  const children = (name: string, help: string) => {
    const counter = registry.counter({ name, help, labelNames: ['class'] })
    const classes = [...rules.map(([, name]) => name), OTHERS] as const
    const of = classes.map(name => [name, counter.labels(name)])
    return Object.fromEntries(of) as Record<BounceClass, CounterChild>
  }
  return {
    transfail: children(
      'total_messages_transfail_by_class',
      'Delivery attempts that failed for now, by what the other side said',
    ),
    fail: children('total_messages_fail_by_class', 'Messages given up, by what the other side said last'),
  }
}
