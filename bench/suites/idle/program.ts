import { answerQuestions } from '../../harness/child.js'

// Run as `program.js bare` or `program.js postmeter`.
if (process.argv[2] === 'postmeter') {
  const { createRegistry, serve } = await import('../../../src/index.js')
  await serve(createRegistry(), { listen: '127.0.0.1:0' })
}
answerQuestions('ready', () => true)
