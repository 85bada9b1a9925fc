#!/usr/bin/env node
// The commands come here.
export {}
