import type { operations } from "../api/schema";

// What an operation answers with, and one of what it lists. Types are named by their
// operation, which is the contract; the names of schemas may change.
export type AnswerOf<O extends keyof operations> = operations[O] extends { responses: { 200: { content: { "application/json": infer Body } } } } ? Body : never;

export type ItemOf<O extends keyof operations> = AnswerOf<O> extends { items?: (infer Item)[] | null } ? Item : never;

export type QueryOf<O extends keyof operations> = NonNullable<operations[O]["parameters"]["query"]>;
