/** How large the workspaces are that spans are compressed in: see workspaces.ts. */
import * as L from './layout.js'

/** What a workspace takes besides the compressed span; the build checks that it is what the compressor wants. */
export const WORKSPACE_BYTES = 323_584
/** What the compressor writes for a moment past what a span comes to; and what it takes at once. */
export const SPARE_BYTES = 98_304
const STEP_BYTES = 32_768
/** Two threads' workspaces have no page in common. */
const ALIGN_BYTES = 4_096

/** Of one workspace, for slots of so many bytes of text. */
export function workspaceBytes(slotText: number): number {
  // A step that cannot be compressed is stored, with less than eight bytes more.
  const stored = 8 * (Math.ceil(slotText / STEP_BYTES) + 1)
  return L.roundUp(WORKSPACE_BYTES + slotText + SPARE_BYTES + stored, ALIGN_BYTES)
}

/** All workspaces of a memory together, in whole pages of WebAssembly. */
export function workspacesBytes(slotText: number): number {
  return L.roundUp(L.SLOT_COUNT * workspaceBytes(slotText), L.WASM_PAGE_BYTES)
}
