/** What a refusal says, by the words that receivers use. The first rule that fits decides. */
const rules: readonly (readonly [RegExp, string])[] = [
  [/\b5\.1\.[0-3]\b|no such (user|mailbox)|unknown (user|recipient)/i, 'InvalidRecipient'],
  [/\b[45]\.2\.2\b|quota|mailbox (is )?full/i, 'QuotaIssues'],
  [/\b[45]\.4\.4\b|no mail host|domain (does )?not exist/i, 'BadDomain'],
  [/\b[45]\.7\.\d+\b|spam|blocked|policy/i, 'PolicyRelated'],
  [/\b4\.7\.\d+\b|greylist|try again|too many|busy/i, 'TransientFailure'],
  [/connect|socket|timed? ?out/i, 'NoAnswerFromHost'],
]

export function classify(response: string): string {
  for (const [pattern, name] of rules) if (pattern.test(response)) return name
  return 'Uncategorized'
}
