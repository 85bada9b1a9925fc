#!/usr/bin/env node
import { enableCompileCache } from 'node:module'

// Before anything else is imported: it halves the time a command takes to start.
enableCompileCache()
void import('./run-main.ts').then(({ runMain }) => runMain(process.argv.slice(2)))
