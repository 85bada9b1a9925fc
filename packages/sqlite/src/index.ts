// The SQLite broker and backend come here.
export {}
