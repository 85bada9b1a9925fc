// The measurements come here.
console.log('bench: nothing to measure yet')
