import { Alert } from "@mantine/core";
import { asProblem } from "../../client/problem";
import { overtaken } from "./system";

// Wrong says what kept a change from being made.
export function Wrong({ error }: { error: unknown }) {
  if (error == null) return null;
  if (overtaken(error)) {
    return <Alert color="yellow" variant="light" role="alert" title="Somebody changed this system meanwhile">What you entered is kept here, and what they changed is shown. Look at it, and save again.</Alert>;
  }
  return <Alert color="red" variant="light" role="alert">{asProblem(error).message}</Alert>;
}
