//! The help of the program: one screen, commands by purpose.

/// The template of `evergreen --help`: it fits 24 lines of 80 columns.
pub(super) const TEMPLATE: &str = "\
{about-with-newline}\
Usage: evergreen [COMMAND]    (evergreen COMMAND --help describes one)
Begin:
  demo                     simulate a week on this machine (the default)
  init                     create a data folder and a first secret file
  permissions, operations  print what to grant to the app, and what is called
  check ACCOUNT            test sign-in, permissions and expiry dates
  run ACCOUNT              run an account now
  serve                    run all accounts from now on, until Ctrl-C
Look:
  list, show, history      accounts, one account, its past runs
  plan ACCOUNT             what a run would send; nothing is sent
Change:
  stop, resume             take an account out of service, and back
  set-policy               when and how often an account runs, what it calls
  sign-in                  sign in as the account's user, in a browser
  consent-url, grant       agree to the permissions that the policy needs
  import, export           many accounts at once; state and policies of all
More:
  once, sync, event        one round; read the secret files; an event as JSON
  doctor, repair, service  find faults; a new state.db; start with your session
  completions, man, bench, simulate    shell, manual pages; measurements
Answers take --json; a folder is named by --data FOLDER or EVERGREEN_DATA.";
