import { testOracleB } from '../oracle-b/suite.ts';
import { startPostgresEngine } from './oracle-b-engine.ts';

testOracleB('PostgreSQL', { hosts: ['127.0.90.21', '127.0.90.22', '127.0.90.23'], start: startPostgresEngine });
