BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE callbacks (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	company_code VARCHAR(9) NOT NULL, 
	call_uuid VARCHAR(36) NOT NULL, 
	kind VARCHAR(10) NOT NULL, 
	payload TEXT NOT NULL, 
	state VARCHAR(10) NOT NULL, 
	attempts INTEGER NOT NULL, 
	early BOOLEAN NOT NULL, 
	failure VARCHAR(12), 
	last_status INTEGER, 
	last_error VARCHAR(200), 
	created_at BIGINT NOT NULL, 
	attempted_at BIGINT, 
	next_attempt BIGINT, 
	done_at BIGINT, 
	call_ended_at BIGINT, 
	CONSTRAINT ck_callbacks_pending_or_done CHECK ((next_attempt IS NULL) = (done_at IS NOT NULL)), 
	CONSTRAINT ck_callbacks_payload_length CHECK (length(payload) <= 16384)
);
INSERT INTO "callbacks" VALUES(1,'2028','b87b8a05-147c-4d6c-8e02-0cb503aea842','cdr','{"answertime":"","hangupcause":10006,"duration":0,"id":2,"extnumber":"","uuid":"b87b8a05-147c-4d6c-8e02-0cb503aea842","downloadip":"127.0.0.1","customuuid":"custom-2","chengshudu":"1","callmethod":6,"recordfilename":"","companycode":2028,"memberid":"0","hangupdirection":10006,"billsec":0,"endtime":"2026-11-28 13:23:04","starttime":"2026-11-28 13:23:04","type":"callout","disnumber":"2120280001","crmid":"0","userkey":"","destnumber":"13333330002"}','delivered',1,0,NULL,200,NULL,1795843384577327,1795843384634570,NULL,1795843384634570,1795843384577327);
INSERT INTO "callbacks" VALUES(2,'2028','3bd335b8-723c-45a8-9aad-d0065a270dd9','status','{"buuid":"6eca2b68-4f69-400d-8488-0de7e0770977","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843386","status":"ring","uuid":"3bd335b8-723c-45a8-9aad-d0065a270dd9","ip":"127.0.0.1"}','delivered',1,0,NULL,200,NULL,1795843386090054,1795843386117003,NULL,1795843386117003,NULL);
INSERT INTO "callbacks" VALUES(3,'2028','3bd335b8-723c-45a8-9aad-d0065a270dd9','status','{"buuid":"6eca2b68-4f69-400d-8488-0de7e0770977","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843386","status":"answer","uuid":"3bd335b8-723c-45a8-9aad-d0065a270dd9","ip":"127.0.0.1"}','delivered',1,0,NULL,200,NULL,1795843386594777,1795843386630661,NULL,1795843386630661,NULL);
INSERT INTO "callbacks" VALUES(4,'2028','3bd335b8-723c-45a8-9aad-d0065a270dd9','status','{"buuid":"6eca2b68-4f69-400d-8488-0de7e0770977","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843386","status":"hangup","uuid":"3bd335b8-723c-45a8-9aad-d0065a270dd9","ip":"127.0.0.1"}','delivered',1,0,NULL,200,NULL,1795843389033051,1795843389079241,NULL,1795843389079241,NULL);
INSERT INTO "callbacks" VALUES(5,'2028','3bd335b8-723c-45a8-9aad-d0065a270dd9','cdr','{"answertime":"2026-11-28 13:23:05","hangupcause":10001,"duration":1,"id":1,"extnumber":"20280003","uuid":"3bd335b8-723c-45a8-9aad-d0065a270dd9","downloadip":"127.0.0.1","customuuid":"custom-1","chengshudu":"1","callmethod":6,"recordfilename":"3bd335b8-723c-45a8-9aad-d0065a270dd9.wav","companycode":2028,"memberid":"0","hangupdirection":10041,"billsec":4,"endtime":"2026-11-28 13:23:09","starttime":"2026-11-28 13:23:04","type":"callout","disnumber":"2120280001","crmid":"20280003","userkey":"1","destnumber":"13333330001"}','delivered',1,0,NULL,200,NULL,1795843389033160,1795843389219361,NULL,1795843389219361,1795843389033160);
INSERT INTO "callbacks" VALUES(6,'2028','54ea129b-28a4-40fa-adc0-8e1c8ef59e6b','cdr','{"answertime":"2026-11-28 13:23:05","hangupcause":10001,"duration":1,"id":3,"extnumber":"","uuid":"54ea129b-28a4-40fa-adc0-8e1c8ef59e6b","downloadip":"127.0.0.1","customuuid":"custom-1","chengshudu":"1","callmethod":6,"recordfilename":"54ea129b-28a4-40fa-adc0-8e1c8ef59e6b.wav","companycode":2028,"memberid":"0","hangupdirection":10041,"billsec":4,"endtime":"2026-11-28 13:23:09","starttime":"2026-11-28 13:23:04","type":"callout","disnumber":"2120280001","crmid":"0","userkey":"1","destnumber":"13333330001"}','delivered',1,0,NULL,200,NULL,1795843389145676,1795843389251835,NULL,1795843389251835,1795843389145676);
INSERT INTO "callbacks" VALUES(7,'2028','da13573c-b97e-4fd6-98d1-d66a0ca49a34','status','{"buuid":"1b51b770-839d-47b2-8b4f-16728b0bdbcd","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843390","status":"ring","uuid":"da13573c-b97e-4fd6-98d1-d66a0ca49a34","ip":"127.0.0.1"}','pending',2,0,'answered',503,'HTTP status 503',1795843390886905,1795843396032032,1795843461977283,NULL,NULL);
INSERT INTO "callbacks" VALUES(8,'2028','da13573c-b97e-4fd6-98d1-d66a0ca49a34','status','{"buuid":"1b51b770-839d-47b2-8b4f-16728b0bdbcd","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843390","status":"answer","uuid":"da13573c-b97e-4fd6-98d1-d66a0ca49a34","ip":"127.0.0.1"}','pending',0,0,NULL,NULL,NULL,1795843391394114,NULL,1795843461977283,NULL,NULL);
INSERT INTO "callbacks" VALUES(9,'2028','da13573c-b97e-4fd6-98d1-d66a0ca49a34','status','{"buuid":"1b51b770-839d-47b2-8b4f-16728b0bdbcd","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843390","status":"hangup","uuid":"da13573c-b97e-4fd6-98d1-d66a0ca49a34","ip":"127.0.0.1"}','pending',0,0,NULL,NULL,NULL,1795843393841103,NULL,1795843461977283,NULL,NULL);
INSERT INTO "callbacks" VALUES(10,'2028','da13573c-b97e-4fd6-98d1-d66a0ca49a34','cdr','{"answertime":"2026-11-28 13:23:09","hangupcause":10001,"duration":0,"id":4,"extnumber":"20280003","uuid":"da13573c-b97e-4fd6-98d1-d66a0ca49a34","downloadip":"127.0.0.1","customuuid":"custom-1","chengshudu":"1","callmethod":6,"recordfilename":"da13573c-b97e-4fd6-98d1-d66a0ca49a34.wav","companycode":2028,"memberid":"0","hangupdirection":10041,"billsec":4,"endtime":"2026-11-28 13:23:13","starttime":"2026-11-28 13:23:09","type":"callout","disnumber":"2120280001","crmid":"20280003","userkey":"1","destnumber":"13333330001"}','pending',0,0,NULL,NULL,NULL,1795843393841206,NULL,1795843461977283,NULL,1795843393841206);
INSERT INTO "callbacks" VALUES(11,'2028','497234e7-5645-4d42-9a7b-34fc93e32ec3','status','{"buuid":"e23d21ac-bd00-424e-a81c-bfbbfeb0d539","callee":"13333330004","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843397","status":"ring","uuid":"497234e7-5645-4d42-9a7b-34fc93e32ec3","ip":"127.0.0.1"}','pending',1,0,'answered',503,'HTTP status 503',1795843397482874,1795843397509062,1795843402899133,NULL,NULL);
INSERT INTO "callbacks" VALUES(12,'2028','497234e7-5645-4d42-9a7b-34fc93e32ec3','status','{"buuid":"e23d21ac-bd00-424e-a81c-bfbbfeb0d539","callee":"13333330004","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843397","status":"answer","uuid":"497234e7-5645-4d42-9a7b-34fc93e32ec3","ip":"127.0.0.1"}','pending',0,0,NULL,NULL,NULL,1795843397990181,NULL,1795843402899133,NULL,NULL);
CREATE TABLE caller_numbers (
	number VARCHAR(33) NOT NULL, 
	company_code VARCHAR(9) NOT NULL, 
	enabled BOOLEAN NOT NULL, 
	CONSTRAINT pk_caller_numbers PRIMARY KEY (number), 
	CONSTRAINT fk_caller_numbers_company_code_companies FOREIGN KEY(company_code) REFERENCES companies (code)
);
INSERT INTO "caller_numbers" VALUES('2120280001','2028',1);
INSERT INTO "caller_numbers" VALUES('2120280002','2028',1);
CREATE TABLE calls (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	uuid VARCHAR(36) NOT NULL, 
	server_id VARCHAR(32) NOT NULL, 
	company_code VARCHAR(9) NOT NULL, 
	state VARCHAR(8) NOT NULL, 
	accepted_at BIGINT NOT NULL, 
	destnumber VARCHAR(33) NOT NULL, 
	voice_kind INTEGER NOT NULL, 
	voice_name VARCHAR(2048) NOT NULL, 
	userid VARCHAR(1000) NOT NULL, 
	disnumber VARCHAR(33) NOT NULL, 
	chengshudu VARCHAR(255) NOT NULL, 
	customuuid VARCHAR(255) NOT NULL, 
	memberid VARCHAR(255) NOT NULL, 
	ext VARCHAR(255) NOT NULL, 
	waittime INTEGER NOT NULL, 
	conntime INTEGER NOT NULL, 
	idempotency_key VARCHAR(255), 
	fingerprint VARCHAR(64), 
	started_at BIGINT, 
	answered_at BIGINT, 
	ended_at BIGINT, 
	hangupcause INTEGER, 
	hangupdirection INTEGER, 
	userkey VARCHAR(1) NOT NULL, 
	extnumber VARCHAR(32) NOT NULL, 
	crmid VARCHAR(64) NOT NULL, 
	recordfilename VARCHAR(64) NOT NULL, 
	CONSTRAINT uq_calls_company_code_idempotency_key UNIQUE (company_code, idempotency_key), 
	CONSTRAINT uq_calls_uuid UNIQUE (uuid)
);
INSERT INTO "calls" VALUES(1,'3bd335b8-723c-45a8-9aad-d0065a270dd9','1','2028','ended',1795843383029918,'13333330001',1,'notice.mp3','1@extGroup-1','2120280001','1','custom-1','','',60,3600,NULL,NULL,1795843384508397,1795843385029875,1795843389033160,10001,10041,'1','20280003','20280003','3bd335b8-723c-45a8-9aad-d0065a270dd9.wav');
INSERT INTO "calls" VALUES(2,'b87b8a05-147c-4d6c-8e02-0cb503aea842','1','2028','ended',1795843383091213,'13333330002',1,'notice.mp3','1@extGroup-1','2120280001','1','custom-2','','',60,3600,NULL,NULL,1795843384517332,NULL,1795843384577327,10006,10006,'','','','');
INSERT INTO "calls" VALUES(3,'54ea129b-28a4-40fa-adc0-8e1c8ef59e6b','1','2028','ended',1795843383106818,'13333330001',2,'http://127.0.0.1:8081/notice.mp3','1@extGroup-1','2120280001','1','custom-1','','',60,3600,NULL,NULL,1795843384626154,1795843385158915,1795843389145676,10001,10041,'1','','','54ea129b-28a4-40fa-adc0-8e1c8ef59e6b.wav');
INSERT INTO "calls" VALUES(4,'da13573c-b97e-4fd6-98d1-d66a0ca49a34','1','2028','ended',1795843389266773,'13333330001',1,'notice.mp3','1@extGroup-1','2120280001','1','custom-1','','',60,3600,NULL,NULL,1795843389327298,1795843389837842,1795843393841206,10001,10041,'1','20280003','20280003','da13573c-b97e-4fd6-98d1-d66a0ca49a34.wav');
INSERT INTO "calls" VALUES(5,'497234e7-5645-4d42-9a7b-34fc93e32ec3','1','2028','answered',1795843390908818,'13333330004',1,'notice.mp3','1@extGroup-1','2120280001','1','custom-4','','',60,3600,'kept','992423b1d0582a38b4d2f7951e8db64f07bdba94edddb26ef5ecd7e613e56db2',1795843390941803,1795843391451530,NULL,NULL,NULL,'1','','','');
INSERT INTO "calls" VALUES(6,'f6eabc45-64d7-4513-b9b6-99c80b71bf0a','1','2028','dialled',1795843398015562,'13333330003',1,'notice.mp3','1@extGroup-1','2120280001','1','custom-3','','',60,3600,NULL,NULL,1795843398028192,NULL,NULL,NULL,NULL,'','','','');
INSERT INTO "calls" VALUES(7,'63cab55b-0ded-49d2-9064-19644d0a8f2e','1','2028','waiting',1795843398043710,'13333330005',1,'notice.mp3','1@extGroup-1','2120280001','1','custom-5','','',60,3600,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'','','','');
CREATE TABLE companies (
	code VARCHAR(9) NOT NULL, 
	name VARCHAR(64) NOT NULL, 
	appid VARCHAR(64) NOT NULL, 
	accesskey_hash VARCHAR(128) NOT NULL, 
	enabled BOOLEAN NOT NULL, 
	licensed_until BIGINT, 
	ipwhite VARCHAR(8192) NOT NULL, 
	cdr_callback VARCHAR(1024), 
	status_callback VARCHAR(1024), 
	callback_format VARCHAR(8) NOT NULL, 
	callback_fields VARCHAR(255) NOT NULL, 
	signing_secret VARCHAR(128) NOT NULL, 
	record VARCHAR(16) NOT NULL, 
	record_format VARCHAR(8) NOT NULL, 
	expire_after INTEGER NOT NULL, 
	key_time INTEGER NOT NULL, 
	trunks VARCHAR(8192), 
	created_at BIGINT NOT NULL, 
	updated_at BIGINT NOT NULL, 
	CONSTRAINT pk_companies PRIMARY KEY (code), 
	CONSTRAINT uq_companies_appid UNIQUE (appid)
);
INSERT INTO "companies" VALUES('2028','Demo','demo-appid','sha256$38b202653d2ca25176249583beefde31$a4c0ec4135d55992590cab28067becee767a2f766c107894516ad98379234ede',1,NULL,'','http://127.0.0.1:9000/cdr','http://127.0.0.1:9000/status','json','','whsec_gHvgOP827Ra2AOVHO1UAoxz146wXtUG2','always','wav',3600,5,NULL,1795843376361686,1795843376361686);
CREATE TABLE downloads (
	digest VARCHAR(64) NOT NULL, 
	url VARCHAR(2048) NOT NULL, 
	stem VARCHAR(255) NOT NULL, 
	octets BIGINT NOT NULL, 
	etag VARCHAR(1024), 
	last_modified VARCHAR(1024), 
	checked_at BIGINT NOT NULL, 
	CONSTRAINT pk_downloads PRIMARY KEY (digest)
);
INSERT INTO "downloads" VALUES('031a0b7b8668d17a923f406a07e67a897403d42889a7a968264b45df54a0ef0a','http://127.0.0.1:8081/notice.mp3','031a0b7b8668d17a923f406a07e67a89-58c1e41508d64a4b',138970,NULL,'Sat, 28 Nov 2026 05:22:47 GMT',1795843383136954);
CREATE TABLE extensions (
	number VARCHAR(32) NOT NULL, 
	company_code VARCHAR(9) NOT NULL, 
	password VARCHAR(255) NOT NULL, 
	enabled BOOLEAN NOT NULL, 
	created_at BIGINT NOT NULL, 
	updated_at BIGINT NOT NULL, 
	CONSTRAINT pk_extensions PRIMARY KEY (number)
);
INSERT INTO "extensions" VALUES('20280003','2028','secret',1,1795843376361686,1795843376361686);
CREATE TABLE group_members (
	group_id INTEGER NOT NULL, 
	number VARCHAR(32) NOT NULL, 
	position INTEGER NOT NULL, 
	CONSTRAINT pk_group_members PRIMARY KEY (group_id, number), 
	CONSTRAINT fk_group_members_group_id_groups FOREIGN KEY(group_id) REFERENCES groups (id), 
	CONSTRAINT fk_group_members_number_extensions FOREIGN KEY(number) REFERENCES extensions (number)
);
INSERT INTO "group_members" VALUES(1,'20280003',0);
CREATE TABLE groups (
	id INTEGER NOT NULL, 
	company_code VARCHAR(9) NOT NULL, 
	name VARCHAR(64) NOT NULL, 
	strategy VARCHAR(32) NOT NULL, 
	ring_time INTEGER NOT NULL, 
	max_wait INTEGER NOT NULL, 
	created_at BIGINT NOT NULL, 
	updated_at BIGINT NOT NULL, 
	CONSTRAINT pk_groups PRIMARY KEY (id), 
	CONSTRAINT uq_groups_company_code_name UNIQUE (company_code, name)
);
INSERT INTO "groups" VALUES(1,'2028','extGroup-1','ring-all',20,60,1795843376361686,1795843376361686);
CREATE TABLE legs (
	uuid VARCHAR(36) NOT NULL, 
	call_uuid VARCHAR(36) NOT NULL, 
	kind VARCHAR(1) NOT NULL, 
	state VARCHAR(8) NOT NULL, 
	trunk VARCHAR(64) NOT NULL, 
	extension VARCHAR(32) NOT NULL, 
	invite TEXT NOT NULL, 
	dialog TEXT NOT NULL, 
	started_at BIGINT NOT NULL, 
	rang_at BIGINT, 
	answered_at BIGINT, 
	ended_at BIGINT, 
	CONSTRAINT pk_legs PRIMARY KEY (uuid), 
	CONSTRAINT fk_legs_call_uuid_calls FOREIGN KEY(call_uuid) REFERENCES calls (uuid)
);
INSERT INTO "legs" VALUES('20445c6c-2651-40f4-bbbb-815d82f86d8c','3bd335b8-723c-45a8-9aad-d0065a270dd9','a','ended','carrier','','{"call_id":"f5734b7aa61b977192b632ad6bd28e06","local":"<sip:2120280001@127.0.0.1>;tag=8ec3b4576d6fe7dc9eaf811d","remote":"<sip:13333330001@127.0.0.1:5080;transport=udp>","uri":"sip:13333330001@127.0.0.1:5080;transport=udp","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bK6b448f23e2fb995627c91b5f","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}','{"call_id":"f5734b7aa61b977192b632ad6bd28e06","local":"<sip:2120280001@127.0.0.1>;tag=8ec3b4576d6fe7dc9eaf811d","remote":"<sip:13333330001@127.0.0.1:5080;transport=udp>;tag=0b408ea9482a4347e968ab69","remote_target":"sip:127.0.0.1:5080","route":[],"local_cseq":1,"remote_cseq":-1,"invite_cseq":1,"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}',1795843384493458,NULL,1795843385029875,1795843389032972);
INSERT INTO "legs" VALUES('24513b41-e079-4548-a007-40030fc87392','b87b8a05-147c-4d6c-8e02-0cb503aea842','a','ended','carrier','','{"call_id":"8f0b9745c379ff620f1f3528236e3063","local":"<sip:2120280001@127.0.0.1>;tag=9d6b5d738076c1d72ab8a0c3","remote":"<sip:13333330002@127.0.0.1:5080;transport=udp>","uri":"sip:13333330002@127.0.0.1:5080;transport=udp","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bKc698ebf95a310d5298731c1f","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}','',1795843384505379,NULL,NULL,1795843384577250);
INSERT INTO "legs" VALUES('145ad8ae-33b4-42a7-9c1b-32b578c20552','54ea129b-28a4-40fa-adc0-8e1c8ef59e6b','a','ended','carrier','','{"call_id":"ea9c0af5bb7216cf4d023dbe44349cfc","local":"<sip:2120280001@127.0.0.1>;tag=3fda54c85b9d5421f17f08d7","remote":"<sip:13333330001@127.0.0.1:5080;transport=udp>","uri":"sip:13333330001@127.0.0.1:5080;transport=udp","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bK0ff62bed31904ef8c57d36f3","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}','{"call_id":"ea9c0af5bb7216cf4d023dbe44349cfc","local":"<sip:2120280001@127.0.0.1>;tag=3fda54c85b9d5421f17f08d7","remote":"<sip:13333330001@127.0.0.1:5080;transport=udp>;tag=a572591d91909001dcb2fc24","remote_target":"sip:127.0.0.1:5080","route":[],"local_cseq":1,"remote_cseq":-1,"invite_cseq":1,"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}',1795843384608937,NULL,1795843385158915,1795843389145590);
INSERT INTO "legs" VALUES('6eca2b68-4f69-400d-8488-0de7e0770977','3bd335b8-723c-45a8-9aad-d0065a270dd9','b','ended','','20280003','{"call_id":"b8b4b08f010b47b9b02ae7821a29362d","local":"<sip:13333330001@127.0.0.1>;tag=497f07aeed5112c8849585c9","remote":"<sip:20280003@127.0.0.1:5070>","uri":"sip:20280003@127.0.0.1:5070","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bKbec227eb917f396f220e7eb4","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5070],"local":["127.0.0.1",5060]},"pinned":true}','{"call_id":"b8b4b08f010b47b9b02ae7821a29362d","local":"<sip:13333330001@127.0.0.1>;tag=497f07aeed5112c8849585c9","remote":"<sip:20280003@127.0.0.1:5070>;tag=b8feacf302bd74ae42f41b36","remote_target":"sip:127.0.0.1:5070","route":[],"local_cseq":1,"remote_cseq":-1,"invite_cseq":1,"flow":{"transport":"udp","remote":["127.0.0.1",5070],"local":["127.0.0.1",5060]},"pinned":true}',1795843386069332,1795843386090054,1795843386594777,1795843389033051);
INSERT INTO "legs" VALUES('c31b748d-4065-45df-8d78-57902da58b3d','da13573c-b97e-4fd6-98d1-d66a0ca49a34','a','ended','carrier','','{"call_id":"505b51d16d9c75d3c6c83f9e07526988","local":"<sip:2120280001@127.0.0.1>;tag=adf1b4ae3f46161e28468833","remote":"<sip:13333330001@127.0.0.1:5080;transport=udp>","uri":"sip:13333330001@127.0.0.1:5080;transport=udp","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bK6866c258208b919e458e1911","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}','{"call_id":"505b51d16d9c75d3c6c83f9e07526988","local":"<sip:2120280001@127.0.0.1>;tag=adf1b4ae3f46161e28468833","remote":"<sip:13333330001@127.0.0.1:5080;transport=udp>;tag=12ad007b2f8c93fb220a898e","remote_target":"sip:127.0.0.1:5080","route":[],"local_cseq":1,"remote_cseq":-1,"invite_cseq":1,"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}',1795843389302512,NULL,1795843389837842,1795843393841026);
INSERT INTO "legs" VALUES('1b51b770-839d-47b2-8b4f-16728b0bdbcd','da13573c-b97e-4fd6-98d1-d66a0ca49a34','b','ended','','20280003','{"call_id":"b9f22729c017fb1807b7caaa6d9980c7","local":"<sip:13333330001@127.0.0.1>;tag=04c3ca3278a698ec42040e6c","remote":"<sip:20280003@127.0.0.1:5070>","uri":"sip:20280003@127.0.0.1:5070","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bKfa1fb0d4c01c80448401c705","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5070],"local":["127.0.0.1",5060]},"pinned":true}','{"call_id":"b9f22729c017fb1807b7caaa6d9980c7","local":"<sip:13333330001@127.0.0.1>;tag=04c3ca3278a698ec42040e6c","remote":"<sip:20280003@127.0.0.1:5070>;tag=39a667782400cc22d7e042d9","remote_target":"sip:127.0.0.1:5070","route":[],"local_cseq":1,"remote_cseq":-1,"invite_cseq":1,"flow":{"transport":"udp","remote":["127.0.0.1",5070],"local":["127.0.0.1",5060]},"pinned":true}',1795843390863889,1795843390886905,1795843391394114,1795843393841103);
INSERT INTO "legs" VALUES('71347a7c-fa25-4505-8c3e-4c27374d5660','497234e7-5645-4d42-9a7b-34fc93e32ec3','a','answered','carrier','','{"call_id":"be6ca33604f72201a0e6c555a7bd6cb1","local":"<sip:2120280001@127.0.0.1>;tag=c7d1e682e42552836a1d2e0e","remote":"<sip:13333330004@127.0.0.1:5080;transport=udp>","uri":"sip:13333330004@127.0.0.1:5080;transport=udp","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bKd977463d055e708c3b55c8ae","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}','{"call_id":"be6ca33604f72201a0e6c555a7bd6cb1","local":"<sip:2120280001@127.0.0.1>;tag=c7d1e682e42552836a1d2e0e","remote":"<sip:13333330004@127.0.0.1:5080;transport=udp>;tag=1d605427439e248918d123f9","remote_target":"sip:127.0.0.1:5080","route":[],"local_cseq":1,"remote_cseq":-1,"invite_cseq":1,"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}',1795843390941803,NULL,1795843391451530,NULL);
INSERT INTO "legs" VALUES('e23d21ac-bd00-424e-a81c-bfbbfeb0d539','497234e7-5645-4d42-9a7b-34fc93e32ec3','b','answered','','20280003','{"call_id":"1119b1559b9e4282f65643f9e803ae50","local":"<sip:13333330004@127.0.0.1>;tag=eafe1c76029d71a7f4742e90","remote":"<sip:20280003@127.0.0.1:5070>","uri":"sip:20280003@127.0.0.1:5070","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bK218e63bb52fb1df6c835b602","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5070],"local":["127.0.0.1",5060]},"pinned":true}','{"call_id":"1119b1559b9e4282f65643f9e803ae50","local":"<sip:13333330004@127.0.0.1>;tag=eafe1c76029d71a7f4742e90","remote":"<sip:20280003@127.0.0.1:5070>;tag=737e15d23ddd63d5da908d0a","remote_target":"sip:127.0.0.1:5070","route":[],"local_cseq":1,"remote_cseq":-1,"invite_cseq":1,"flow":{"transport":"udp","remote":["127.0.0.1",5070],"local":["127.0.0.1",5060]},"pinned":true}',1795843397472842,1795843397482874,1795843397990181,NULL);
INSERT INTO "legs" VALUES('ba4c9c67-c2a9-4fa6-96bd-86f30dd9d874','f6eabc45-64d7-4513-b9b6-99c80b71bf0a','a','dialled','carrier','','{"call_id":"5ff542cb08b8014adbe48dcb63da9915","local":"<sip:2120280001@127.0.0.1>;tag=afab82543dca7787f215e677","remote":"<sip:13333330003@127.0.0.1:5080;transport=udp>","uri":"sip:13333330003@127.0.0.1:5080;transport=udp","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bK3cfed48424276731ac56c4b0","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}','',1795843398028192,NULL,NULL,NULL);
CREATE TABLE registrations (
	id INTEGER NOT NULL, 
	server_id VARCHAR(36) NOT NULL, 
	number VARCHAR(32) NOT NULL, 
	contact VARCHAR(600) NOT NULL, 
	transport VARCHAR(8) NOT NULL, 
	remote_host VARCHAR(45) NOT NULL, 
	remote_port INTEGER NOT NULL, 
	local_host VARCHAR(45) NOT NULL, 
	local_port INTEGER NOT NULL, 
	source_host VARCHAR(45) NOT NULL, 
	source_port INTEGER NOT NULL, 
	path VARCHAR(8192) NOT NULL, 
	call_id VARCHAR(512) NOT NULL, 
	cseq INTEGER NOT NULL, 
	expires_at BIGINT NOT NULL, 
	CONSTRAINT pk_registrations PRIMARY KEY (id)
);
INSERT INTO "registrations" VALUES(1,'1','20280003','sip:20280003@127.0.0.1:5070','udp','127.0.0.1',5070,'127.0.0.1',5060,'127.0.0.1',5070,'[]','c927973326bbdf9a2cf8773b8c530272',2,1795843680831261);
CREATE TABLE servers (
	server_id VARCHAR(32) NOT NULL, 
	heartbeat_at BIGINT NOT NULL, 
	CONSTRAINT pk_servers PRIMARY KEY (server_id)
);
INSERT INTO "servers" VALUES('1',1795843397116782);
CREATE TABLE tokens (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	digest VARCHAR(64) NOT NULL, 
	company_code VARCHAR(9) NOT NULL, 
	issued_at BIGINT NOT NULL, 
	expires_at BIGINT NOT NULL, 
	CONSTRAINT fk_tokens_company_code_companies FOREIGN KEY(company_code) REFERENCES companies (code), 
	CONSTRAINT uq_tokens_digest UNIQUE (digest)
);
INSERT INTO "tokens" VALUES(1,'94ffdd593fc9a494078ef101fa2cb3fd0c6290e4e31791ab7eeed9f8446970a4','2028',1795843381103604,1795886581103604);
CREATE TABLE trunks (
	name VARCHAR(64) NOT NULL, 
	position INTEGER NOT NULL, 
	address VARCHAR(255) NOT NULL, 
	username VARCHAR(255), 
	password VARCHAR(255), 
	register BOOLEAN NOT NULL, 
	codecs VARCHAR(32) NOT NULL, 
	max_calls INTEGER NOT NULL, 
	calls_per_second FLOAT NOT NULL, 
	hosts VARCHAR(8192) NOT NULL, 
	proxy VARCHAR(255), 
	strip VARCHAR(33) NOT NULL, 
	prefix VARCHAR(33) NOT NULL, 
	from_user VARCHAR(64), 
	from_domain VARCHAR(255), 
	caller_id VARCHAR(8) NOT NULL, 
	dtmf VARCHAR(16) NOT NULL, 
	keepalive INTEGER NOT NULL, 
	trunk_timeout INTEGER NOT NULL, 
	created_at BIGINT NOT NULL, 
	updated_at BIGINT NOT NULL, 
	CONSTRAINT pk_trunks PRIMARY KEY (name)
);
INSERT INTO "trunks" VALUES('carrier',0,'sip:127.0.0.1:5080;transport=udp',NULL,NULL,0,'PCMA,PCMU',2,500.0,'',NULL,'','',NULL,NULL,'from','auto',30,4,1795843376361686,1795843376361686);
CREATE TABLE voice_files (
	company_code VARCHAR(9) NOT NULL, 
	name VARCHAR(255) NOT NULL, 
	path VARCHAR(4096) NOT NULL, 
	added_at BIGINT NOT NULL, 
	CONSTRAINT pk_voice_files PRIMARY KEY (company_code, name)
);
INSERT INTO "voice_files" VALUES('2028','notice.mp3','/var/lib/playvoice/voices/notice.mp3',1795843376361686);
CREATE INDEX ix_callbacks_call_uuid ON callbacks (call_uuid);
CREATE INDEX ix_callbacks_done ON callbacks (done_at) WHERE done_at IS NOT NULL;
CREATE INDEX ix_callbacks_due ON callbacks (company_code, next_attempt) WHERE next_attempt IS NOT NULL;
CREATE INDEX ix_calls_open ON calls (id) WHERE state != 'ended';
CREATE INDEX ix_extensions_company_code ON extensions (company_code);
CREATE INDEX ix_registrations_number ON registrations (number);
CREATE INDEX ix_caller_numbers_company_code ON caller_numbers (company_code);
CREATE INDEX ix_group_members_number ON group_members (number);
CREATE INDEX ix_legs_call_uuid ON legs (call_uuid);
CREATE INDEX ix_legs_open ON legs (call_uuid) WHERE state != 'ended';
CREATE INDEX ix_tokens_company_code_id ON tokens (company_code, id);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('tokens',1);
INSERT INTO "sqlite_sequence" VALUES('calls',7);
INSERT INTO "sqlite_sequence" VALUES('callbacks',12);
COMMIT;
