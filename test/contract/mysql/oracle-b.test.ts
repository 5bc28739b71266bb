import { testOracleB } from '../oracle-b/suite.ts';
import { startMysqlEngine } from './oracle-b-engine.ts';

testOracleB('MySQL', { hosts: ['127.0.91.2', '127.0.91.3', '127.0.91.4'], start: startMysqlEngine });
