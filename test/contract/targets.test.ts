import { startAzureSql } from './azure-sql/contract-engine.ts';
import { startMysql } from './mysql/contract-engine.ts';
import { startPostgres } from './postgres/contract-engine.ts';
import { testContract } from './target/contract.ts';

testContract('PostgreSQL', startPostgres);
testContract('MySQL', startMysql);
testContract('AzureSQL', startAzureSql);
