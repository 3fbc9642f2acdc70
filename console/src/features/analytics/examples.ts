// Policies to begin with.
export const examples = [
  {
    label: "Roles are frozen",
    text: '@id("house.roles-frozen")\n@reason("roles are frozen until the audit is over")\nforbid (principal, action in [Action::"role.change", Action::"role.assign"], resource);\n',
  },
  {
    label: "Platform owners may see identities",
    text: '@id("house.owners-see-people")\n@reason("who runs a system may see whose accounts it has")\npermit (principal in Function::"platform_owner", action == Action::"identity.read", resource);\n',
  },
  {
    label: "Accounts are seen by audit alone",
    text: '@id("house.accounts")\n@reason("accounts are seen by audit alone")\nforbid (principal, action == Action::"account.read", resource)\nunless { principal in Function::"audit" };\n',
  },
];
