#!/usr/bin/env node
import * as module from 'node:module'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 18)) {
  // Whatever else is imported may not even load there.
  process.stderr.write(`tq needs Node.js 22.18 or newer; this is ${process.version}.\n`)
  process.exitCode = 1
} else {
  // Before anything else is imported: it halves the time a command takes to start.
  module.enableCompileCache()
  void import('./run-main.ts').then(({ runMain }) => runMain(process.argv.slice(2)))
}
