BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0002');
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
INSERT INTO "callbacks" VALUES(1,'2028','bf289bf2-259d-4aa3-a795-80d6638327f6','cdr','{"answertime":"","hangupcause":10006,"duration":0,"id":2,"extnumber":"","uuid":"bf289bf2-259d-4aa3-a795-80d6638327f6","downloadip":"127.0.0.1","customuuid":"custom-2","chengshudu":"1","callmethod":6,"recordfilename":"","companycode":2028,"memberid":"0","hangupdirection":10006,"billsec":0,"endtime":"2026-11-28 13:24:25","starttime":"2026-11-28 13:24:25","type":"callout","disnumber":"2120280001","crmid":"0","userkey":"","destnumber":"13333330002"}','delivered',1,0,NULL,200,NULL,1795843465310161,1795843465404430,NULL,1795843465404430,1795843465310161);
INSERT INTO "callbacks" VALUES(2,'2028','d050fb11-7a80-4e36-bbe2-69fd0fbe4be3','status','{"buuid":"3a5dd38c-de9c-4a34-9cd8-3b0b558c751f","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843466","status":"ring","uuid":"d050fb11-7a80-4e36-bbe2-69fd0fbe4be3","ip":"127.0.0.1"}','delivered',1,0,NULL,200,NULL,1795843466798188,1795843466823692,NULL,1795843466823692,NULL);
INSERT INTO "callbacks" VALUES(3,'2028','d050fb11-7a80-4e36-bbe2-69fd0fbe4be3','status','{"buuid":"3a5dd38c-de9c-4a34-9cd8-3b0b558c751f","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843466","status":"answer","uuid":"d050fb11-7a80-4e36-bbe2-69fd0fbe4be3","ip":"127.0.0.1"}','delivered',1,0,NULL,200,NULL,1795843467307023,1795843467336007,NULL,1795843467336007,NULL);
INSERT INTO "callbacks" VALUES(4,'2028','d050fb11-7a80-4e36-bbe2-69fd0fbe4be3','status','{"buuid":"3a5dd38c-de9c-4a34-9cd8-3b0b558c751f","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843466","status":"hangup","uuid":"d050fb11-7a80-4e36-bbe2-69fd0fbe4be3","ip":"127.0.0.1"}','delivered',1,0,NULL,200,NULL,1795843469740975,1795843469784108,NULL,1795843469784108,NULL);
INSERT INTO "callbacks" VALUES(5,'2028','b7bc85e6-5e15-4d4f-820e-bfc8d94ac878','status','{"buuid":"1e99f1bc-8ba5-41d7-ae92-d3a0e68a70ab","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843469","status":"ring","uuid":"b7bc85e6-5e15-4d4f-820e-bfc8d94ac878","ip":"127.0.0.1"}','delivered',1,0,NULL,200,NULL,1795843469783879,1795843469891998,NULL,1795843469891998,NULL);
INSERT INTO "callbacks" VALUES(6,'2028','d050fb11-7a80-4e36-bbe2-69fd0fbe4be3','cdr','{"answertime":"2026-11-28 13:24:25","hangupcause":10001,"duration":0,"id":1,"extnumber":"20280003","uuid":"d050fb11-7a80-4e36-bbe2-69fd0fbe4be3","downloadip":"127.0.0.1","customuuid":"custom-1","chengshudu":"1","callmethod":6,"recordfilename":"d050fb11-7a80-4e36-bbe2-69fd0fbe4be3.wav","companycode":2028,"memberid":"0","hangupdirection":10041,"billsec":4,"endtime":"2026-11-28 13:24:29","starttime":"2026-11-28 13:24:25","type":"callout","disnumber":"2120280001","crmid":"20280003","userkey":"1","destnumber":"13333330001"}','delivered',1,0,NULL,200,NULL,1795843469741085,1795843469917724,NULL,1795843469917724,1795843469741085);
INSERT INTO "callbacks" VALUES(7,'2028','b7bc85e6-5e15-4d4f-820e-bfc8d94ac878','status','{"buuid":"1e99f1bc-8ba5-41d7-ae92-d3a0e68a70ab","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843469","status":"hangup","uuid":"b7bc85e6-5e15-4d4f-820e-bfc8d94ac878","ip":"127.0.0.1"}','delivered',1,0,NULL,200,NULL,1795843469917259,1795843470007225,NULL,1795843470007225,NULL);
INSERT INTO "callbacks" VALUES(8,'2028','b7bc85e6-5e15-4d4f-820e-bfc8d94ac878','cdr','{"answertime":"2026-11-28 13:24:25","hangupcause":10001,"duration":0,"id":3,"extnumber":"","uuid":"b7bc85e6-5e15-4d4f-820e-bfc8d94ac878","downloadip":"127.0.0.1","customuuid":"custom-1","chengshudu":"1","callmethod":6,"recordfilename":"b7bc85e6-5e15-4d4f-820e-bfc8d94ac878.wav","companycode":2028,"memberid":"0","hangupdirection":10041,"billsec":4,"endtime":"2026-11-28 13:24:29","starttime":"2026-11-28 13:24:25","type":"callout","disnumber":"2120280001","crmid":"0","userkey":"1","destnumber":"13333330001"}','delivered',1,0,NULL,200,NULL,1795843469917423,1795843470066819,NULL,1795843470066819,1795843469917423);
INSERT INTO "callbacks" VALUES(9,'2028','17252b6d-3f16-4ff6-8093-7cc8dc117c55','status','{"buuid":"4d70c0e6-0cd4-48c7-8a2f-cdc4d9e3096d","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843471","status":"ring","uuid":"17252b6d-3f16-4ff6-8093-7cc8dc117c55","ip":"127.0.0.1"}','pending',1,0,'answered',503,'HTTP status 503',1795843471718822,1795843471754030,1795843476908835,NULL,NULL);
INSERT INTO "callbacks" VALUES(10,'2028','17252b6d-3f16-4ff6-8093-7cc8dc117c55','status','{"buuid":"4d70c0e6-0cd4-48c7-8a2f-cdc4d9e3096d","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843471","status":"answer","uuid":"17252b6d-3f16-4ff6-8093-7cc8dc117c55","ip":"127.0.0.1"}','pending',0,0,NULL,NULL,NULL,1795843472229714,NULL,1795843476908835,NULL,NULL);
INSERT INTO "callbacks" VALUES(11,'2028','17252b6d-3f16-4ff6-8093-7cc8dc117c55','status','{"buuid":"4d70c0e6-0cd4-48c7-8a2f-cdc4d9e3096d","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843471","status":"hangup","uuid":"17252b6d-3f16-4ff6-8093-7cc8dc117c55","ip":"127.0.0.1"}','pending',0,0,NULL,NULL,NULL,1795843474664087,NULL,1795843476908835,NULL,NULL);
INSERT INTO "callbacks" VALUES(12,'2028','17252b6d-3f16-4ff6-8093-7cc8dc117c55','cdr','{"answertime":"2026-11-28 13:24:30","hangupcause":10001,"duration":0,"id":4,"extnumber":"20280003","uuid":"17252b6d-3f16-4ff6-8093-7cc8dc117c55","downloadip":"127.0.0.1","customuuid":"custom-1","chengshudu":"1","callmethod":6,"recordfilename":"17252b6d-3f16-4ff6-8093-7cc8dc117c55.wav","companycode":2028,"memberid":"0","hangupdirection":10041,"billsec":4,"endtime":"2026-11-28 13:24:34","starttime":"2026-11-28 13:24:30","type":"callout","disnumber":"2120280001","crmid":"20280003","userkey":"1","destnumber":"13333330001"}','pending',0,0,NULL,NULL,NULL,1795843474664224,NULL,1795843476908835,NULL,1795843474664224);
INSERT INTO "callbacks" VALUES(13,'2028','05e76d6e-dd9f-4bea-b9ff-fe9f5034cd30','status','{"buuid":"a856e6b6-fa00-4d46-8271-dd8cf8818526","callee":"13333330004","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843474","status":"ring","uuid":"05e76d6e-dd9f-4bea-b9ff-fe9f5034cd30","ip":"127.0.0.1"}','pending',1,0,'answered',503,'HTTP status 503',1795843474726311,1795843474808996,1795843479907837,NULL,NULL);
INSERT INTO "callbacks" VALUES(14,'2028','05e76d6e-dd9f-4bea-b9ff-fe9f5034cd30','status','{"buuid":"a856e6b6-fa00-4d46-8271-dd8cf8818526","callee":"13333330004","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843474","status":"answer","uuid":"05e76d6e-dd9f-4bea-b9ff-fe9f5034cd30","ip":"127.0.0.1"}','pending',0,0,NULL,NULL,NULL,1795843475232412,NULL,1795843479907837,NULL,NULL);
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
INSERT INTO "calls" VALUES(1,'d050fb11-7a80-4e36-bbe2-69fd0fbe4be3','1','2028','ended',1795843463471762,'13333330001',1,'notice.mp3','1@extGroup-1','2120280001','1','custom-1','','',60,3600,NULL,NULL,1795843465218463,1795843465734849,1795843469741085,10001,10041,'1','20280003','20280003','d050fb11-7a80-4e36-bbe2-69fd0fbe4be3.wav');
INSERT INTO "calls" VALUES(2,'bf289bf2-259d-4aa3-a795-80d6638327f6','1','2028','ended',1795843463500979,'13333330002',1,'notice.mp3','1@extGroup-1','2120280001','1','custom-2','','',60,3600,NULL,NULL,1795843465219107,NULL,1795843465310161,10006,10006,'','','','');
INSERT INTO "calls" VALUES(3,'b7bc85e6-5e15-4d4f-820e-bfc8d94ac878','1','2028','ended',1795843463517631,'13333330001',2,'http://127.0.0.1:8081/notice.mp3','1@extGroup-1','2120280001','1','custom-1','','',60,3600,NULL,NULL,1795843465392940,1795843465913521,1795843469917423,10001,10041,'1','','','b7bc85e6-5e15-4d4f-820e-bfc8d94ac878.wav');
INSERT INTO "calls" VALUES(4,'17252b6d-3f16-4ff6-8093-7cc8dc117c55','1','2028','ended',1795843470100776,'13333330001',1,'notice.mp3','1@extGroup-1','2120280001','1','custom-1','','',60,3600,NULL,NULL,1795843470151805,1795843470677431,1795843474664224,10001,10041,'1','20280003','20280003','17252b6d-3f16-4ff6-8093-7cc8dc117c55.wav');
INSERT INTO "calls" VALUES(5,'05e76d6e-dd9f-4bea-b9ff-fe9f5034cd30','1','2028','answered',1795843471754332,'13333330004',1,'notice.mp3','1@extGroup-1','2120280001','1','custom-4','','',60,3600,'kept','992423b1d0582a38b4d2f7951e8db64f07bdba94edddb26ef5ecd7e613e56db2',1795843471777020,1795843472298632,NULL,NULL,NULL,'1','','','');
INSERT INTO "calls" VALUES(6,'b80faf37-0945-468d-842e-06cf45aeed6b','1','2028','dialled',1795843475249670,'13333330003',1,'notice.mp3','1@extGroup-1','2120280001','1','custom-3','','',60,3600,NULL,NULL,1795843475334179,NULL,NULL,NULL,NULL,'','','','');
INSERT INTO "calls" VALUES(7,'36ceae5b-9bf0-4bd4-8fbb-9e0ca4f42e14','1','2028','waiting',1795843475409894,'13333330005',1,'notice.mp3','1@extGroup-1','2120280001','1','custom-5','','',60,3600,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'','','','');
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
INSERT INTO "companies" VALUES('2028','Demo','demo-appid','sha256$404c60e3ae5463e6152717a449c68b47$163fdda99cc77c665b1eb1574dce1bc1ce177177c7198fd65d918bcc5f57848e',1,NULL,'','http://127.0.0.1:9000/cdr','http://127.0.0.1:9000/status','json','','whsec_/rzyhF8BWI0+RAcpC2Tg8F8FUXNZm0xK','always','wav',3600,5,NULL,1795843456305140,1795843456305140);
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
INSERT INTO "downloads" VALUES('031a0b7b8668d17a923f406a07e67a897403d42889a7a968264b45df54a0ef0a','http://127.0.0.1:8081/notice.mp3','031a0b7b8668d17a923f406a07e67a89-8e3f990dd4734793',138970,NULL,'Sat, 28 Nov 2026 05:24:07 GMT',1795843463549994);
CREATE TABLE extensions (
	number VARCHAR(32) NOT NULL, 
	company_code VARCHAR(9) NOT NULL, 
	password VARCHAR(255) NOT NULL, 
	enabled BOOLEAN NOT NULL, 
	created_at BIGINT NOT NULL, 
	updated_at BIGINT NOT NULL, 
	CONSTRAINT pk_extensions PRIMARY KEY (number)
);
INSERT INTO "extensions" VALUES('20280003','2028','secret',1,1795843456305140,1795843456305140);
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
INSERT INTO "groups" VALUES(1,'2028','extGroup-1','ring-all',20,60,1795843456305140,1795843456305140);
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
	ended_at BIGINT, packets_sent INTEGER, packets_received INTEGER, packets_lost INTEGER, jitter_ms INTEGER, sampled BOOLEAN, far_packets_lost INTEGER, far_jitter_ms INTEGER, round_trip_ms INTEGER, 
	CONSTRAINT pk_legs PRIMARY KEY (uuid), 
	CONSTRAINT fk_legs_call_uuid_calls FOREIGN KEY(call_uuid) REFERENCES calls (uuid)
);
INSERT INTO "legs" VALUES('ecf67073-a171-42a2-83d8-36922e6fbed5','d050fb11-7a80-4e36-bbe2-69fd0fbe4be3','a','ended','carrier','','{"call_id":"74327d728ff9ea8b7b8b11cfa23fdb57","local":"<sip:2120280001@127.0.0.1>;tag=10a084a132e393ebb08d99de","remote":"<sip:13333330001@127.0.0.1:5080;transport=udp>","uri":"sip:13333330001@127.0.0.1:5080;transport=udp","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bK1ab5275d9decf00ff0c25589","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}','{"call_id":"74327d728ff9ea8b7b8b11cfa23fdb57","local":"<sip:2120280001@127.0.0.1>;tag=10a084a132e393ebb08d99de","remote":"<sip:13333330001@127.0.0.1:5080;transport=udp>;tag=497b58db86a6e535adbe4e56","remote_target":"sip:127.0.0.1:5080","route":[],"local_cseq":1,"remote_cseq":-1,"invite_cseq":1,"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}',1795843465195821,NULL,1795843465734849,1795843469740896,201,201,0,2,0,NULL,NULL,NULL);
INSERT INTO "legs" VALUES('422f1a81-a6a2-4e3c-ad45-12c5b3a86f27','bf289bf2-259d-4aa3-a795-80d6638327f6','a','ended','carrier','','{"call_id":"0ea767321cc9623638b0af172600354b","local":"<sip:2120280001@127.0.0.1>;tag=4c918514d7db219cd521a150","remote":"<sip:13333330002@127.0.0.1:5080;transport=udp>","uri":"sip:13333330002@127.0.0.1:5080;transport=udp","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bK6b7f2078b139abd86ce0c22c","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}','',1795843465205279,NULL,NULL,1795843465310081,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "legs" VALUES('aaf4cbb6-a813-486f-a3fd-49378bc0129b','b7bc85e6-5e15-4d4f-820e-bfc8d94ac878','a','ended','carrier','','{"call_id":"0e83168b1d677d4d6106621fa937ebc9","local":"<sip:2120280001@127.0.0.1>;tag=56b1ed0c8966a648a242ecaf","remote":"<sip:13333330001@127.0.0.1:5080;transport=udp>","uri":"sip:13333330001@127.0.0.1:5080;transport=udp","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bKf210ef3c7dda0eda1098eac1","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}','{"call_id":"0e83168b1d677d4d6106621fa937ebc9","local":"<sip:2120280001@127.0.0.1>;tag=56b1ed0c8966a648a242ecaf","remote":"<sip:13333330001@127.0.0.1:5080;transport=udp>;tag=1d67ef884b394bb618f14df3","remote_target":"sip:127.0.0.1:5080","route":[],"local_cseq":1,"remote_cseq":-1,"invite_cseq":1,"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}',1795843465369417,NULL,1795843465913521,1795843469917186,202,200,0,3,0,NULL,NULL,NULL);
INSERT INTO "legs" VALUES('3a5dd38c-de9c-4a34-9cd8-3b0b558c751f','d050fb11-7a80-4e36-bbe2-69fd0fbe4be3','b','ended','','20280003','{"call_id":"35676c34c4098938f9efe0e2b58e8f45","local":"<sip:13333330001@127.0.0.1>;tag=cd003df8ee07835140c320f9","remote":"<sip:20280003@127.0.0.1:5070>","uri":"sip:20280003@127.0.0.1:5070","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bK7d177e7e79229b7097ff1f19","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5070],"local":["127.0.0.1",5060]},"pinned":true}','{"call_id":"35676c34c4098938f9efe0e2b58e8f45","local":"<sip:13333330001@127.0.0.1>;tag=cd003df8ee07835140c320f9","remote":"<sip:20280003@127.0.0.1:5070>;tag=d29330cf87a3d616c6e31048","remote_target":"sip:127.0.0.1:5070","route":[],"local_cseq":1,"remote_cseq":-1,"invite_cseq":1,"flow":{"transport":"udp","remote":["127.0.0.1",5070],"local":["127.0.0.1",5060]},"pinned":true}',1795843466766036,1795843466798188,1795843467307023,1795843469740975,122,122,0,4,0,NULL,NULL,NULL);
INSERT INTO "legs" VALUES('1e99f1bc-8ba5-41d7-ae92-d3a0e68a70ab','b7bc85e6-5e15-4d4f-820e-bfc8d94ac878','b','ended','','20280003','{"call_id":"159403061ec8f59de0b81ec6808b9864","local":"<sip:13333330001@127.0.0.1>;tag=2a0de0e4166708cd1523e4a4","remote":"<sip:20280003@127.0.0.1:5070>","uri":"sip:20280003@127.0.0.1:5070","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bK1225031979019729201da53b","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5070],"local":["127.0.0.1",5060]},"pinned":true}','',1795843469753247,1795843469783879,NULL,1795843469917259,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "legs" VALUES('49b13de5-d788-4c6e-a632-1fb760a7e7b4','17252b6d-3f16-4ff6-8093-7cc8dc117c55','a','ended','carrier','','{"call_id":"29c3e241c7b8b7fc954342be168900ca","local":"<sip:2120280001@127.0.0.1>;tag=b08709f6067612fec9d06ee2","remote":"<sip:13333330001@127.0.0.1:5080;transport=udp>","uri":"sip:13333330001@127.0.0.1:5080;transport=udp","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bK4020b57002e337b1741283db","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}','{"call_id":"29c3e241c7b8b7fc954342be168900ca","local":"<sip:2120280001@127.0.0.1>;tag=b08709f6067612fec9d06ee2","remote":"<sip:13333330001@127.0.0.1:5080;transport=udp>;tag=dbf6f5348c6af127df66dd35","remote_target":"sip:127.0.0.1:5080","route":[],"local_cseq":1,"remote_cseq":-1,"invite_cseq":1,"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}',1795843470134727,NULL,1795843470677431,1795843474664000,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "legs" VALUES('4d70c0e6-0cd4-48c7-8a2f-cdc4d9e3096d','17252b6d-3f16-4ff6-8093-7cc8dc117c55','b','ending','','20280003','{"call_id":"45a2ec29da972f2cd5f6c6a86162fbde","local":"<sip:13333330001@127.0.0.1>;tag=46e63349623fb118bb9b516a","remote":"<sip:20280003@127.0.0.1:5070>","uri":"sip:20280003@127.0.0.1:5070","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bKb8e505a921aef2acb83e3a95","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5070],"local":["127.0.0.1",5060]},"pinned":true}','{"call_id":"45a2ec29da972f2cd5f6c6a86162fbde","local":"<sip:13333330001@127.0.0.1>;tag=46e63349623fb118bb9b516a","remote":"<sip:20280003@127.0.0.1:5070>;tag=a467d3bae6d7b90470a27ae5","remote_target":"sip:127.0.0.1:5070","route":[],"local_cseq":1,"remote_cseq":-1,"invite_cseq":1,"flow":{"transport":"udp","remote":["127.0.0.1",5070],"local":["127.0.0.1",5060]},"pinned":true}',1795843471686978,1795843471718822,1795843472229714,1795843474664087,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "legs" VALUES('9d894746-ba7d-463b-bd5a-12b3d0312cb6','05e76d6e-dd9f-4bea-b9ff-fe9f5034cd30','a','answered','carrier','','{"call_id":"dc5b6c0409a2de3c7d2fb10ef14a2995","local":"<sip:2120280001@127.0.0.1>;tag=88eda14cdd6407c5d5e5fa2b","remote":"<sip:13333330004@127.0.0.1:5080;transport=udp>","uri":"sip:13333330004@127.0.0.1:5080;transport=udp","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bKc7957210d03c46f09c1ccec7","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}','{"call_id":"dc5b6c0409a2de3c7d2fb10ef14a2995","local":"<sip:2120280001@127.0.0.1>;tag=88eda14cdd6407c5d5e5fa2b","remote":"<sip:13333330004@127.0.0.1:5080;transport=udp>;tag=f8567c98edbf747c8e8011e8","remote_target":"sip:127.0.0.1:5080","route":[],"local_cseq":1,"remote_cseq":-1,"invite_cseq":1,"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}',1795843471777020,NULL,1795843472298632,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "legs" VALUES('a856e6b6-fa00-4d46-8271-dd8cf8818526','05e76d6e-dd9f-4bea-b9ff-fe9f5034cd30','b','answered','','20280003','{"call_id":"0e1babb8b589c7b9e3da7311997271ad","local":"<sip:13333330004@127.0.0.1>;tag=04bc72da566844bd72fbd238","remote":"<sip:20280003@127.0.0.1:5070>","uri":"sip:20280003@127.0.0.1:5070","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bK825a3b75fd40e4bc85fb5159","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5070],"local":["127.0.0.1",5060]},"pinned":true}','{"call_id":"0e1babb8b589c7b9e3da7311997271ad","local":"<sip:13333330004@127.0.0.1>;tag=04bc72da566844bd72fbd238","remote":"<sip:20280003@127.0.0.1:5070>;tag=0d08c07d418199d7cd4b8185","remote_target":"sip:127.0.0.1:5070","route":[],"local_cseq":1,"remote_cseq":-1,"invite_cseq":1,"flow":{"transport":"udp","remote":["127.0.0.1",5070],"local":["127.0.0.1",5060]},"pinned":true}',1795843474694350,1795843474726311,1795843475232412,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "legs" VALUES('ea7e5b89-b450-4626-aa32-3296911f8581','b80faf37-0945-468d-842e-06cf45aeed6b','a','dialled','carrier','','{"call_id":"1bfb98d57d449739cb385798adbcae58","local":"<sip:2120280001@127.0.0.1>;tag=caf0c30dc80ddc4a1b7985dd","remote":"<sip:13333330003@127.0.0.1:5080;transport=udp>","uri":"sip:13333330003@127.0.0.1:5080;transport=udp","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bKb183759bb3118e35d50f2796","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}','',1795843475334179,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
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
INSERT INTO "registrations" VALUES(1,'1','20280003','<sip:20280003@127.0.0.1:5070>','udp','127.0.0.1',5070,'127.0.0.1',5060,'127.0.0.1',5070,'[]','6d896838264b791e313232fcd59d7c06',2,1795843760607200);
CREATE TABLE servers (
	server_id VARCHAR(32) NOT NULL, 
	heartbeat_at BIGINT NOT NULL, 
	CONSTRAINT pk_servers PRIMARY KEY (server_id)
);
INSERT INTO "servers" VALUES('1',1795843474720886);
CREATE TABLE tokens (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	digest VARCHAR(64) NOT NULL, 
	company_code VARCHAR(9) NOT NULL, 
	issued_at BIGINT NOT NULL, 
	expires_at BIGINT NOT NULL, 
	CONSTRAINT fk_tokens_company_code_companies FOREIGN KEY(company_code) REFERENCES companies (code), 
	CONSTRAINT uq_tokens_digest UNIQUE (digest)
);
INSERT INTO "tokens" VALUES(1,'cdceb9957a6fd7ec71acdf65de36b7da5eb46cef4c7b5fbcaab6ce8c16648637','2028',1795843460937439,1795886660937439);
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
INSERT INTO "trunks" VALUES('carrier',0,'sip:127.0.0.1:5080;transport=udp',NULL,NULL,0,'PCMA,PCMU',2,500.0,'',NULL,'','',NULL,NULL,'from','auto',30,4,1795843456305140,1795843456305140);
CREATE TABLE voice_files (
	company_code VARCHAR(9) NOT NULL, 
	name VARCHAR(255) NOT NULL, 
	path VARCHAR(4096) NOT NULL, 
	added_at BIGINT NOT NULL, 
	CONSTRAINT pk_voice_files PRIMARY KEY (company_code, name)
);
INSERT INTO "voice_files" VALUES('2028','notice.mp3','/var/lib/playvoice/voices/notice.mp3',1795843456305140);
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
INSERT INTO "sqlite_sequence" VALUES('callbacks',14);
COMMIT;
