import { testOracleB } from '../oracle-b/suite.ts';
import { startAzureSqlEngine } from './oracle-b-engine.ts';

testOracleB('Azure SQL', { hosts: ['127.0.92.2', '127.0.92.3', '127.0.92.4'], start: startAzureSqlEngine });
