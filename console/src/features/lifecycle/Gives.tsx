import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { api, ask } from "../../client/client";
import { asProblem } from "../../client/problem";
import type { NamedThing } from "../access/Named";
import { isWhole } from "../access/source";
import { ChoiceField } from "./Choices";
import { GivesField } from "./GivesField";
import { sourceOf, type Birthright, type Choice } from "./words";

interface Chosen {
  choice: Choice;
  role: NamedThing;
}

type Giving = ReturnType<typeof useGives>;

function chosenBy(of?: Birthright): Chosen[] {
  return (of?.choices ?? []).map((choice, i) => ({ choice, role: of?.chooses?.[i] ?? { id: choice.role, type: "role", name: "a role" } }));
}

// useGives is what a rule gives while it is written: entitlements, roles, and of parametric
// roles the variants that fit each person.
export function useGives(of?: Birthright) {
  const [things, setThings] = useState<NamedThing[]>(of?.gives ?? []);
  const [choices, setChoices] = useState<Chosen[]>(() => chosenBy(of));
  const give = useMutation({
    mutationFn: (role: NamedThing) => ask(api.GET("/v1/roles/{id}", { params: { path: { id: role.id } } })),
    onSuccess: (shown, role) => {
      if ((shown.published?.parameters ?? []).length > 0) setChoices((before) => [...before, { choice: { role: role.id }, role }]);
      else setThings((before) => [...before, role]);
    },
  });
  const ids = (type: string) => things.filter((t) => t.type === type).map((t) => t.id);
  return {
    things, setThings, choices, setChoices, give,
    begin: (from: Birthright) => { setThings(from.gives ?? []); setChoices(chosenBy(from)); },
    body: { roles: ids("role"), entitlements: ids("entitlement"), choices: choices.map((c) => c.choice) },
    whole: things.length + choices.length > 0 && choices.every(({ choice: c }) => Object.keys(c.from ?? {}).every((name) => isWhole(sourceOf(c, name)))),
  };
}

// Gives are the fields of it.
export function Gives({ of: { things, setThings, choices, setChoices, give } }: { of: Giving }) {
  return (
    <>
      <GivesField value={things} error={give.error ? asProblem(give.error).message : undefined} onChange={setThings} onRole={(role) => give.mutate(role)} />
      {choices.map(({ choice, role }, i) => (
        <ChoiceField
          key={i} of={choice} role={role} onRemove={() => setChoices(choices.filter((_, j) => j !== i))}
          onChange={(next) => setChoices(choices.map((each, j) => (j === i ? { ...each, choice: next } : each)))}
        />
      ))}
    </>
  );
}
