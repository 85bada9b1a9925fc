// describeBroker() and its kin come here.
export {}
