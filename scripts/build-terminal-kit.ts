/** How terminal-kit, which `postmeter top` draws with, is joined into what is published: the parts that are used, minified. */
import { builtinModules, createRequire } from 'node:module'
import commonjsModule from '@rollup/plugin-commonjs'
import jsonModule from '@rollup/plugin-json'
import terserModule from '@rollup/plugin-terser'
import type { NormalizedOutputOptions, Plugin, RenderedChunk } from 'rollup'

// Their types say that the function is in `default` of what is imported; it is what is imported.
const [commonjs, json, terser] = [commonjsModule, jsonModule, terserModule] as unknown as [
  typeof commonjsModule.default,
  typeof jsonModule.default,
  typeof terserModule.default,
]

/** It, and what it loads. */
export const TERMINAL_KIT = [
  ...['terminal-kit', 'string-kit', 'tree-kit', 'seventh', 'nextgen-events', 'chroma-js', 'lazyness'],
  'setimmediate',
]

/** Widgets, pictures, a mouse on the Linux console, names of emoji: nothing of it is called. */
const UNUSED =
  /^(?:@cronvel\/get-pixels|get-pixels|ndarray)$|termkit-no-lazy|\/(?:document|vte)\/|\/(?:fileInput|gridMenu|single\w+Menu|yesOrNo|slowTyping|progressBar|inputField|autoComplete|gpm|extClipboard|bar|windows|emoji|english|fuzzy|latinize|naturalSort)\.js$/
/** No such file is there; as one of CommonJS it needs a path. */
const NOTHING = '/node_modules/nothing.js'

/** What it loads by names that it makes. */
const BY_NAME = [
  'node_modules/terminal-kit/lib/{image,Palette,Rect,ScreenBuffer,ScreenBufferHD,TextBuffer,tty}.js',
  'node_modules/terminal-kit/lib/termconfig/*.js',
]

export function isTerminalKits(id: string): boolean {
  return (
    /[/\\]node_modules[/\\]/.test(id) ||
    /commonjs(?:Helpers|-dynamic|-es-import|-external|-proxy|-exports|-module|-entry|-wrapped)|\?commonjs/.test(
      id,
    )
  )
}

export function terminalKit(): Plugin[] {
  return [
    {
      name: 'terminal-kit',
      resolveId: (id, importer) => {
        if (id !== 'terminal-kit' && (importer === undefined || !isTerminalKits(importer))) return undefined
        if (UNUSED.test(id)) return NOTHING
        if (builtinModules.includes(id)) return { id: `node:${id}`, external: true }
        // Of what is not a name or path, its makers know more.
        return /^[\w@.]/.test(id) && !id.includes('?') ? createRequire(importer!).resolve(id) : undefined
      },
      load: id => (id === NOTHING ? 'module.exports = {}' : undefined),
      transform: (code, id) => {
        if (!/[/\\]terminal-kit[/\\]lib[/\\]termkit\.js$/.test(id)) return undefined
        // A package that a table names, and that is to be found by a call.
        const changed = code.replace(
          /,\s*\/\/ External modules\s*chroma: 'chroma-js'\s*\}\s*\)/,
          "}); lazy.property(termkit, 'chroma', () => require('chroma-js'))",
        )
        if (changed === code) throw new Error('terminal-kit no longer requires chroma-js where it did')
        return { code: changed, map: null }
      },
    },
    json({ include: /node_modules/ }),
    commonjs({
      include: /node_modules/,
      strictRequires: true,
      ignoreDynamicRequires: false,
      dynamicRequireTargets: BY_NAME,
    }),
  ]
}

/** One chunk of all. */
export function minified(chunkName: string): Plugin {
  const { renderChunk } = terser() as { renderChunk: (...args: unknown[]) => Promise<{ code: string }> }
  return {
    name: 'minified',
    async renderChunk(code: string, chunk: RenderedChunk, options: NormalizedOutputOptions, meta) {
      return chunk.name === chunkName ? renderChunk.call(this, code, chunk, options, meta) : null
    },
  }
}
