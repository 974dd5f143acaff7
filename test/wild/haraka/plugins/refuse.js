/** Refuses a sender, and puts another one off. */
exports.hook_mail = (next, _connection, [{ user }]) => {
  if (user === 'refused') next(DENY, 'not from you')
  else if (user === 'later') next(DENYSOFT, 'not now')
  else next()
}
