import { languageErrors } from './errors/of-language.ts';
import { securityErrors } from './errors/of-security.ts';
import { sessionErrors } from './errors/of-sessions.ts';

/** Texts as sys.messages has them: https://learn.microsoft.com/sql/relational-databases/errors-events/database-engine-events-and-errors */
export const errors = { ...languageErrors, ...securityErrors, ...sessionErrors };
