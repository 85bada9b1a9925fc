// The conformance cases and their runner come here.
export {}
