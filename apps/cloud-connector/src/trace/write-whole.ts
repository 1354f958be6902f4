import { ftruncateSync, writeSync } from 'node:fs'

/**
 * Appends all bytes to an open file of `size` bytes, or none: half a line would run into the next one.
 * @throws the failure of the file system, ENOSPC above all
 */
export function writeWhole(file: number, bytes: Uint8Array, size: number): void {
  let written = 0
  try {
    while (written < bytes.length) written += writeSync(file, bytes, written)
  } catch (failure) {
    if (written > 0) cutBack(file, size)
    throw failure
  }
}

function cutBack(file: number, size: number): void {
  try {
    ftruncateSync(file, size)
  } catch {
    // The half line stays: it is less bad than a failure of its own.
  }
}
