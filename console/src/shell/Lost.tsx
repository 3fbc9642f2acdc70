import { Button } from "@mantine/core";
import { IconCompass } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { asProblem } from "../client/problem";
import { Blank, Failure } from "../ui/Blank";
import { Page } from "../ui/Page";

export function Lost() {
  return (
    <Page title="There is no such page">
      <Blank
        sign={IconCompass} title="The address leads nowhere"
        text="It may be mistyped, or be of something that is gone or that you may not see."
        actions={<Button component={Link} to="/">Go home</Button>}
      />
    </Page>
  );
}

// Broken stands for a page that failed while it was drawn, or that could not be loaded
// because Writ was updated meanwhile: loading it anew is what helps.
export function Broken({ error }: { error: unknown }) {
  const problem = asProblem(error);
  return (
    <Page title="This page could not be shown">
      <Failure kind="failed" text={problem.message} number={problem.request} onRetry={() => location.reload()} />
    </Page>
  );
}
