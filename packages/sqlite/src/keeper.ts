// The process that looks after expired leases and results comes here.
export {}
