import { Alert } from "@mantine/core";
import { asProblem } from "../../client/problem";
import { overtaken } from "./role";

// Wrong says what kept a role from being changed.
export function Wrong({ error }: { error: unknown }) {
  if (error == null) return null;
  if (overtaken(error)) {
    return <Alert color="yellow" variant="light" role="alert" title="Somebody changed this role meanwhile">Nothing was done, and what you entered is kept here. What they changed is shown behind this. Look at it, and send yours again if it still holds.</Alert>;
  }
  return <Alert color="red" variant="light" role="alert">{asProblem(error).message}</Alert>;
}
