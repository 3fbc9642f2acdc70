import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback } from "react";

export type Search = Record<string, unknown>;

// Where the pages before this one began: a cursor leads forward only. What is not
// remembered (a page that was sent by somebody else) leads back to the first.
const begins = new Map<string, string[]>();

export interface List {
  search: Search;
  text: (name: string) => string | undefined;
  set: (changes: Search) => void; // and back to the first page
  sort?: string;
  onSort: (sort: string | undefined) => void;
  cursor?: string;
  page: number;
  next: (cursor: string) => void;
  previous: () => void;
}

// useList keeps what a list shows in the address.
export function useList(): List {
  const search = useSearch({ strict: false }) as Search;
  const go = useNavigate();
  const { cursor, page, ...rest } = search;
  const key = location.pathname + JSON.stringify(rest);
  const change = useCallback((changes: Search) => {
    const left = { ...search, ...changes };
    for (const name of Object.keys(left)) {
      if (left[name] === undefined || left[name] === "" || left[name] === null) delete left[name];
    }
    void go({ to: ".", search: left as never, resetScroll: false });
  }, [go, search]);
  const at = typeof page === "number" ? page : 1;
  return {
    search,
    text: (name) => (search[name] === undefined ? undefined : String(search[name])),
    set: (changes) => change({ ...changes, cursor: undefined, page: undefined }),
    sort: search.sort === undefined ? undefined : String(search.sort),
    onSort: (sort) => change({ sort, cursor: undefined, page: undefined }),
    cursor: cursor === undefined ? undefined : String(cursor),
    page: at,
    next: (to) => {
      const list = begins.get(key) ?? [];
      list[at - 1] = cursor === undefined ? "" : String(cursor);
      begins.set(key, list);
      change({ cursor: to, page: at + 1 });
    },
    previous: () => {
      const before = begins.get(key)?.[at - 2];
      change(before === undefined || before === "" ? { cursor: undefined, page: undefined } : { cursor: before, page: at - 1 });
    },
  };
}
