BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0003');
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
INSERT INTO "callbacks" VALUES(1,'2028','f29e7781-37af-4512-83a3-42c223b21a53','cdr','{"answertime":"","hangupcause":10006,"duration":0,"id":2,"extnumber":"","uuid":"f29e7781-37af-4512-83a3-42c223b21a53","downloadip":"127.0.0.1","customuuid":"custom-2","chengshudu":"1","callmethod":6,"recordfilename":"","companycode":2028,"memberid":"0","hangupdirection":10006,"billsec":0,"endtime":"2026-11-28 13:25:34","starttime":"2026-11-28 13:25:34","type":"callout","disnumber":"2120280001","crmid":"0","userkey":"","destnumber":"13333330002"}','delivered',1,0,NULL,200,NULL,1795843534476131,1795843534516002,NULL,1795843534516002,1795843534476131);
INSERT INTO "callbacks" VALUES(2,'2028','824b4d46-c6fa-46d7-b3ca-05b4c2feb1ab','status','{"buuid":"beabad11-8360-43a7-b995-4ac25bede753","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843535","status":"ring","uuid":"824b4d46-c6fa-46d7-b3ca-05b4c2feb1ab","ip":"127.0.0.1"}','delivered',1,0,NULL,200,NULL,1795843535947922,1795843535965601,NULL,1795843535965601,NULL);
INSERT INTO "callbacks" VALUES(3,'2028','824b4d46-c6fa-46d7-b3ca-05b4c2feb1ab','status','{"buuid":"beabad11-8360-43a7-b995-4ac25bede753","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843535","status":"answer","uuid":"824b4d46-c6fa-46d7-b3ca-05b4c2feb1ab","ip":"127.0.0.1"}','delivered',1,0,NULL,200,NULL,1795843536453154,1795843536467730,NULL,1795843536467730,NULL);
INSERT INTO "callbacks" VALUES(4,'2028','824b4d46-c6fa-46d7-b3ca-05b4c2feb1ab','status','{"buuid":"beabad11-8360-43a7-b995-4ac25bede753","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843535","status":"hangup","uuid":"824b4d46-c6fa-46d7-b3ca-05b4c2feb1ab","ip":"127.0.0.1"}','delivered',1,0,NULL,200,NULL,1795843538908000,1795843538917235,NULL,1795843538917235,NULL);
INSERT INTO "callbacks" VALUES(5,'2028','d4f66620-8f53-404b-a6cd-43cd2462a12d','status','{"buuid":"c026c254-b538-4213-a15d-4684bbc59962","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843538","status":"ring","uuid":"d4f66620-8f53-404b-a6cd-43cd2462a12d","ip":"127.0.0.1"}','delivered',1,0,NULL,200,NULL,1795843538926276,1795843538977014,NULL,1795843538977014,NULL);
INSERT INTO "callbacks" VALUES(6,'2028','824b4d46-c6fa-46d7-b3ca-05b4c2feb1ab','cdr','{"answertime":"2026-11-28 13:25:34","hangupcause":10001,"duration":0,"id":1,"extnumber":"20280003","uuid":"824b4d46-c6fa-46d7-b3ca-05b4c2feb1ab","downloadip":"127.0.0.1","customuuid":"custom-1","chengshudu":"1","callmethod":6,"recordfilename":"824b4d46-c6fa-46d7-b3ca-05b4c2feb1ab.wav","companycode":2028,"memberid":"0","hangupdirection":10041,"billsec":4,"endtime":"2026-11-28 13:25:38","starttime":"2026-11-28 13:25:34","type":"callout","disnumber":"2120280001","crmid":"20280003","userkey":"1","destnumber":"13333330001"}','delivered',1,0,NULL,200,NULL,1795843538908119,1795843538979282,NULL,1795843538979282,1795843538908119);
INSERT INTO "callbacks" VALUES(7,'2028','d4f66620-8f53-404b-a6cd-43cd2462a12d','status','{"buuid":"c026c254-b538-4213-a15d-4684bbc59962","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843538","status":"hangup","uuid":"d4f66620-8f53-404b-a6cd-43cd2462a12d","ip":"127.0.0.1"}','delivered',1,0,NULL,200,NULL,1795843539025382,1795843539085490,NULL,1795843539085490,NULL);
INSERT INTO "callbacks" VALUES(8,'2028','d4f66620-8f53-404b-a6cd-43cd2462a12d','cdr','{"answertime":"2026-11-28 13:25:35","hangupcause":10001,"duration":1,"id":3,"extnumber":"","uuid":"d4f66620-8f53-404b-a6cd-43cd2462a12d","downloadip":"127.0.0.1","customuuid":"custom-1","chengshudu":"1","callmethod":6,"recordfilename":"d4f66620-8f53-404b-a6cd-43cd2462a12d.wav","companycode":2028,"memberid":"0","hangupdirection":10041,"billsec":4,"endtime":"2026-11-28 13:25:39","starttime":"2026-11-28 13:25:34","type":"callout","disnumber":"2120280001","crmid":"0","userkey":"1","destnumber":"13333330001"}','delivered',1,0,NULL,200,NULL,1795843539025504,1795843539130026,NULL,1795843539130026,1795843539025504);
INSERT INTO "callbacks" VALUES(9,'2028','cecfd259-a324-423f-ae0f-0cbe3effa906','status','{"buuid":"b09e65a6-0d8a-43ac-991e-b0280247103f","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843540","status":"ring","uuid":"cecfd259-a324-423f-ae0f-0cbe3effa906","ip":"127.0.0.1"}','pending',1,0,'answered',503,'HTTP status 503',1795843540706073,1795843540714164,1795843546002605,NULL,NULL);
INSERT INTO "callbacks" VALUES(10,'2028','cecfd259-a324-423f-ae0f-0cbe3effa906','status','{"buuid":"b09e65a6-0d8a-43ac-991e-b0280247103f","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843540","status":"answer","uuid":"cecfd259-a324-423f-ae0f-0cbe3effa906","ip":"127.0.0.1"}','pending',0,0,NULL,NULL,NULL,1795843541213784,NULL,1795843546002605,NULL,NULL);
INSERT INTO "callbacks" VALUES(11,'2028','cecfd259-a324-423f-ae0f-0cbe3effa906','status','{"buuid":"b09e65a6-0d8a-43ac-991e-b0280247103f","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843540","status":"hangup","uuid":"cecfd259-a324-423f-ae0f-0cbe3effa906","ip":"127.0.0.1"}','pending',0,0,NULL,NULL,NULL,1795843543677821,NULL,1795843546002605,NULL,NULL);
INSERT INTO "callbacks" VALUES(12,'2028','cecfd259-a324-423f-ae0f-0cbe3effa906','cdr','{"answertime":"2026-11-28 13:25:39","hangupcause":10001,"duration":0,"id":4,"extnumber":"20280003","uuid":"cecfd259-a324-423f-ae0f-0cbe3effa906","downloadip":"127.0.0.1","customuuid":"custom-1","chengshudu":"1","callmethod":6,"recordfilename":"cecfd259-a324-423f-ae0f-0cbe3effa906.wav","companycode":2028,"memberid":"0","hangupdirection":10041,"billsec":4,"endtime":"2026-11-28 13:25:43","starttime":"2026-11-28 13:25:39","type":"callout","disnumber":"2120280001","crmid":"20280003","userkey":"1","destnumber":"13333330001"}','pending',0,0,NULL,NULL,NULL,1795843543677928,NULL,1795843546002605,NULL,1795843543677928);
INSERT INTO "callbacks" VALUES(13,'2028','b6014544-9cce-420d-8a6a-0c9a99cb5266','status','{"buuid":"1c274c7b-1e86-4b84-9c6d-540499ec1035","callee":"13333330004","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843543","status":"ring","uuid":"b6014544-9cce-420d-8a6a-0c9a99cb5266","ip":"127.0.0.1"}','pending',1,0,'answered',503,'HTTP status 503',1795843543713308,1795843543753490,1795843549063916,NULL,NULL);
INSERT INTO "callbacks" VALUES(14,'2028','b6014544-9cce-420d-8a6a-0c9a99cb5266','status','{"buuid":"1c274c7b-1e86-4b84-9c6d-540499ec1035","callee":"13333330004","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843543","status":"answer","uuid":"b6014544-9cce-420d-8a6a-0c9a99cb5266","ip":"127.0.0.1"}','pending',0,0,NULL,NULL,NULL,1795843544214899,NULL,1795843549063916,NULL,NULL);
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
INSERT INTO "calls" VALUES(1,'824b4d46-c6fa-46d7-b3ca-05b4c2feb1ab','1','2028','ended',1795843533181812,'13333330001',1,'notice.mp3','1@extGroup-1','2120280001','1','custom-1','','',60,3600,NULL,NULL,1795843534397052,1795843534907187,1795843538908119,10001,10041,'1','20280003','20280003','824b4d46-c6fa-46d7-b3ca-05b4c2feb1ab.wav');
INSERT INTO "calls" VALUES(2,'f29e7781-37af-4512-83a3-42c223b21a53','1','2028','ended',1795843533243519,'13333330002',1,'notice.mp3','1@extGroup-1','2120280001','1','custom-2','','',60,3600,NULL,NULL,1795843534421158,NULL,1795843534476131,10006,10006,'','','','');
INSERT INTO "calls" VALUES(3,'d4f66620-8f53-404b-a6cd-43cd2462a12d','1','2028','ended',1795843533303459,'13333330001',2,'http://127.0.0.1:8081/notice.mp3','1@extGroup-1','2120280001','1','custom-1','','',60,3600,NULL,NULL,1795843534510940,1795843535018277,1795843539025504,10001,10041,'1','','','d4f66620-8f53-404b-a6cd-43cd2462a12d.wav');
INSERT INTO "calls" VALUES(4,'cecfd259-a324-423f-ae0f-0cbe3effa906','1','2028','ended',1795843539132894,'13333330001',1,'notice.mp3','1@extGroup-1','2120280001','1','custom-1','','',60,3600,NULL,NULL,1795843539166893,1795843539756881,1795843543677928,10001,10041,'1','20280003','20280003','cecfd259-a324-423f-ae0f-0cbe3effa906.wav');
INSERT INTO "calls" VALUES(5,'b6014544-9cce-420d-8a6a-0c9a99cb5266','1','2028','answered',1795843540714593,'13333330004',1,'notice.mp3','1@extGroup-1','2120280001','1','custom-4','','',60,3600,'kept','992423b1d0582a38b4d2f7951e8db64f07bdba94edddb26ef5ecd7e613e56db2',1795843540732533,1795843541239412,NULL,NULL,NULL,'1','','','');
INSERT INTO "calls" VALUES(6,'2bc50cb8-19b0-4b1c-882c-d9387446019f','1','2028','dialled',1795843544220167,'13333330003',1,'notice.mp3','1@extGroup-1','2120280001','1','custom-3','','',60,3600,NULL,NULL,1795843544227479,NULL,NULL,NULL,NULL,'','','','');
INSERT INTO "calls" VALUES(7,'c5cc3f8d-9155-4ea0-9153-383e9b159c99','1','2028','waiting',1795843544237163,'13333330005',1,'notice.mp3','1@extGroup-1','2120280001','1','custom-5','','',60,3600,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'','','','');
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
INSERT INTO "companies" VALUES('2028','Demo','demo-appid','sha256$4109be332ad9152a597bbc1764ba8edc$b355789541b66288e1f7ec1db2b952ef18fc9c0d827458977735c054e2895f12',1,NULL,'','http://127.0.0.1:9000/cdr','http://127.0.0.1:9000/status','json','','whsec_4HpVWsoLWhd1HpoBhem5ODjBpE57s9B3','always','wav',3600,5,NULL,1795843526625706,1795843526625706);
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
INSERT INTO "downloads" VALUES('031a0b7b8668d17a923f406a07e67a897403d42889a7a968264b45df54a0ef0a','http://127.0.0.1:8081/notice.mp3','031a0b7b8668d17a923f406a07e67a89-fcb5ac21e0124287',138970,NULL,'Sat, 28 Nov 2026 05:25:16 GMT',1795843533340940);
CREATE TABLE extensions (
	number VARCHAR(32) NOT NULL, 
	company_code VARCHAR(9) NOT NULL, 
	password VARCHAR(255) NOT NULL, 
	enabled BOOLEAN NOT NULL, 
	created_at BIGINT NOT NULL, 
	updated_at BIGINT NOT NULL, 
	CONSTRAINT pk_extensions PRIMARY KEY (number)
);
INSERT INTO "extensions" VALUES('20280003','2028','secret',1,1795843526625706,1795843526625706);
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
INSERT INTO "groups" VALUES(1,'2028','extGroup-1','ring-all',20,60,1795843526625706,1795843526625706);
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
	ended_at BIGINT, packets_sent INTEGER, packets_received INTEGER, packets_lost INTEGER, jitter_ms INTEGER, sampled BOOLEAN, far_packets_lost INTEGER, far_jitter_ms INTEGER, round_trip_ms INTEGER, offer_uuid VARCHAR(36), 
	CONSTRAINT pk_legs PRIMARY KEY (uuid), 
	CONSTRAINT fk_legs_call_uuid_calls FOREIGN KEY(call_uuid) REFERENCES calls (uuid)
);
INSERT INTO "legs" VALUES('e93a892f-7f8b-493d-91fe-46734ce5ee9b','824b4d46-c6fa-46d7-b3ca-05b4c2feb1ab','a','ended','carrier','','{"call_id":"d11589a606711ab4f3d0df87bfc98e93","local":"<sip:2120280001@127.0.0.1>;tag=b04e31e9cec5daef55ef3f3a","remote":"<sip:13333330001@127.0.0.1:5080;transport=udp>","uri":"sip:13333330001@127.0.0.1:5080;transport=udp","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bKf4b546d27701c56462416bbf","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}','{"call_id":"d11589a606711ab4f3d0df87bfc98e93","local":"<sip:2120280001@127.0.0.1>;tag=b04e31e9cec5daef55ef3f3a","remote":"<sip:13333330001@127.0.0.1:5080;transport=udp>;tag=c370e0c6e763cb6ebc8c479e","remote_target":"sip:127.0.0.1:5080","route":[],"local_cseq":1,"remote_cseq":-1,"invite_cseq":1,"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}',1795843534350588,NULL,1795843534907187,1795843538907913,200,199,0,4,0,NULL,NULL,NULL,NULL);
INSERT INTO "legs" VALUES('aefcad08-ba28-4baf-bdf5-f26b3747fa0f','f29e7781-37af-4512-83a3-42c223b21a53','a','ended','carrier','','{"call_id":"95a844ca0d20ea99fb15d5a0eb77a6ab","local":"<sip:2120280001@127.0.0.1>;tag=f4bb4b291059f0452bafb761","remote":"<sip:13333330002@127.0.0.1:5080;transport=udp>","uri":"sip:13333330002@127.0.0.1:5080;transport=udp","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bK59cb665225f9b22523893250","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}','',1795843534352507,NULL,NULL,1795843534476057,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "legs" VALUES('a454dfe7-5e39-400a-b7c3-5b9ede00c22a','d4f66620-8f53-404b-a6cd-43cd2462a12d','a','ended','carrier','','{"call_id":"48378186ee3824728c7eb858a4946a48","local":"<sip:2120280001@127.0.0.1>;tag=8d0c31e7d4f5516c4addb3ae","remote":"<sip:13333330001@127.0.0.1:5080;transport=udp>","uri":"sip:13333330001@127.0.0.1:5080;transport=udp","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bK9890d354abba6f0ed6278d04","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}','{"call_id":"48378186ee3824728c7eb858a4946a48","local":"<sip:2120280001@127.0.0.1>;tag=8d0c31e7d4f5516c4addb3ae","remote":"<sip:13333330001@127.0.0.1:5080;transport=udp>;tag=7d64912825600d8d3aeb37ff","remote_target":"sip:127.0.0.1:5080","route":[],"local_cseq":1,"remote_cseq":-1,"invite_cseq":1,"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}',1795843534508392,NULL,1795843535018277,1795843539025286,201,199,0,4,0,NULL,NULL,NULL,NULL);
INSERT INTO "legs" VALUES('9317909c-367d-454f-9cc5-6fc6c9c8cdcd','824b4d46-c6fa-46d7-b3ca-05b4c2feb1ab','b','ended','','20280003','{"call_id":"33b0abe885de11fd45cc9484641ff4ed","local":"<sip:13333330001@127.0.0.1>;tag=2e2804129e143f1da87c1f17","remote":"<sip:20280003@127.0.0.1:5070>","uri":"sip:20280003@127.0.0.1:5070","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bK72be7bb5e59121548f9f3a8c","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5070],"local":["127.0.0.1",5060]},"pinned":true}','{"call_id":"33b0abe885de11fd45cc9484641ff4ed","local":"<sip:13333330001@127.0.0.1>;tag=2e2804129e143f1da87c1f17","remote":"<sip:20280003@127.0.0.1:5070>;tag=12c4aea34afb0bb57bff8c48","remote_target":"sip:127.0.0.1:5070","route":[],"local_cseq":1,"remote_cseq":-1,"invite_cseq":1,"flow":{"transport":"udp","remote":["127.0.0.1",5070],"local":["127.0.0.1",5060]},"pinned":true}',1795843535940893,1795843535947922,1795843536453154,1795843538908000,122,123,0,4,0,NULL,NULL,NULL,'beabad11-8360-43a7-b995-4ac25bede753');
INSERT INTO "legs" VALUES('b13a38b3-4bac-4185-8415-530aa0660b3f','d4f66620-8f53-404b-a6cd-43cd2462a12d','b','ended','','20280003','{"call_id":"965f0aab4b8b8274ea235144fdcc5b31","local":"<sip:13333330001@127.0.0.1>;tag=1037c830eeb83fe02e89f166","remote":"<sip:20280003@127.0.0.1:5070>","uri":"sip:20280003@127.0.0.1:5070","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bK705197070983a0a4a111125d","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5070],"local":["127.0.0.1",5060]},"pinned":true}','',1795843538911870,1795843538926276,NULL,1795843539025382,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'c026c254-b538-4213-a15d-4684bbc59962');
INSERT INTO "legs" VALUES('353e7e13-db13-41e4-a0d1-e5f057dd5d78','cecfd259-a324-423f-ae0f-0cbe3effa906','a','ended','carrier','','{"call_id":"0e3ae6334a73d44d374457651bcfe73d","local":"<sip:2120280001@127.0.0.1>;tag=d09bb3914ccf911ddedb72ac","remote":"<sip:13333330001@127.0.0.1:5080;transport=udp>","uri":"sip:13333330001@127.0.0.1:5080;transport=udp","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bKc71bf0c3f40cb501c0e98202","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}','{"call_id":"0e3ae6334a73d44d374457651bcfe73d","local":"<sip:2120280001@127.0.0.1>;tag=d09bb3914ccf911ddedb72ac","remote":"<sip:13333330001@127.0.0.1:5080;transport=udp>;tag=4c3becdddd19caf2622654aa","remote_target":"sip:127.0.0.1:5080","route":[],"local_cseq":1,"remote_cseq":-1,"invite_cseq":1,"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}',1795843539146975,NULL,1795843539756881,1795843543677737,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "legs" VALUES('801954a6-9e2b-43b1-a400-dc686fc3f3db','cecfd259-a324-423f-ae0f-0cbe3effa906','b','ending','','20280003','{"call_id":"767ae89adf29a0a46b831d2a2e06e333","local":"<sip:13333330001@127.0.0.1>;tag=d8868cc8835bf3a94e154c88","remote":"<sip:20280003@127.0.0.1:5070>","uri":"sip:20280003@127.0.0.1:5070","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bKec21906468081b5d8a6e9439","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5070],"local":["127.0.0.1",5060]},"pinned":true}','{"call_id":"767ae89adf29a0a46b831d2a2e06e333","local":"<sip:13333330001@127.0.0.1>;tag=d8868cc8835bf3a94e154c88","remote":"<sip:20280003@127.0.0.1:5070>;tag=b57d98fbc7abfa64e4dcefdf","remote_target":"sip:127.0.0.1:5070","route":[],"local_cseq":1,"remote_cseq":-1,"invite_cseq":1,"flow":{"transport":"udp","remote":["127.0.0.1",5070],"local":["127.0.0.1",5060]},"pinned":true}',1795843540697865,1795843540706073,1795843541213784,1795843543677821,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'b09e65a6-0d8a-43ac-991e-b0280247103f');
INSERT INTO "legs" VALUES('381dae2b-ca0c-43c4-8207-444610ab53ca','b6014544-9cce-420d-8a6a-0c9a99cb5266','a','answered','carrier','','{"call_id":"a7b1160abd4f9e24c1490b742ef04656","local":"<sip:2120280001@127.0.0.1>;tag=63d144bd2115433e21cbdfbf","remote":"<sip:13333330004@127.0.0.1:5080;transport=udp>","uri":"sip:13333330004@127.0.0.1:5080;transport=udp","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bK4b89c21c549102e4434531bb","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}','{"call_id":"a7b1160abd4f9e24c1490b742ef04656","local":"<sip:2120280001@127.0.0.1>;tag=63d144bd2115433e21cbdfbf","remote":"<sip:13333330004@127.0.0.1:5080;transport=udp>;tag=13c8bf54701fd2c29993a082","remote_target":"sip:127.0.0.1:5080","route":[],"local_cseq":1,"remote_cseq":-1,"invite_cseq":1,"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}',1795843540732533,NULL,1795843541239412,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "legs" VALUES('3408ea0e-b41f-40ec-bd42-baf0b82d3286','b6014544-9cce-420d-8a6a-0c9a99cb5266','b','answered','','20280003','{"call_id":"a1a06915c349d3518e4395d678f6c300","local":"<sip:13333330004@127.0.0.1>;tag=00547128d0b367b1b5b63ed5","remote":"<sip:20280003@127.0.0.1:5070>","uri":"sip:20280003@127.0.0.1:5070","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bK7956574cfcf2b9c595e16659","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5070],"local":["127.0.0.1",5060]},"pinned":true}','{"call_id":"a1a06915c349d3518e4395d678f6c300","local":"<sip:13333330004@127.0.0.1>;tag=00547128d0b367b1b5b63ed5","remote":"<sip:20280003@127.0.0.1:5070>;tag=76772d881932cf369549a1d0","remote_target":"sip:127.0.0.1:5070","route":[],"local_cseq":1,"remote_cseq":-1,"invite_cseq":1,"flow":{"transport":"udp","remote":["127.0.0.1",5070],"local":["127.0.0.1",5060]},"pinned":true}',1795843543682443,1795843543713308,1795843544214899,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'1c274c7b-1e86-4b84-9c6d-540499ec1035');
INSERT INTO "legs" VALUES('c3b52f81-ba24-4867-86a8-2359fd8f12a1','2bc50cb8-19b0-4b1c-882c-d9387446019f','a','dialled','carrier','','{"call_id":"923a20e3fc087038e79334fb7d037356","local":"<sip:2120280001@127.0.0.1>;tag=edb7d89b0fd525b3301d1390","remote":"<sip:13333330003@127.0.0.1:5080;transport=udp>","uri":"sip:13333330003@127.0.0.1:5080;transport=udp","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bK21e505d1706425c0efc3e4c6","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}','',1795843544227479,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
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
INSERT INTO "registrations" VALUES(1,'1','20280003','<sip:20280003@127.0.0.1:5070>','udp','127.0.0.1',5070,'127.0.0.1',5060,'127.0.0.1',5070,'[]','ae967cff137ec0e1f4938bb4c914c425',2,1795843830893240);
CREATE TABLE servers (
	server_id VARCHAR(32) NOT NULL, 
	heartbeat_at BIGINT NOT NULL, 
	CONSTRAINT pk_servers PRIMARY KEY (server_id)
);
INSERT INTO "servers" VALUES('1',1795843543934901);
CREATE TABLE tokens (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	digest VARCHAR(64) NOT NULL, 
	company_code VARCHAR(9) NOT NULL, 
	issued_at BIGINT NOT NULL, 
	expires_at BIGINT NOT NULL, 
	CONSTRAINT fk_tokens_company_code_companies FOREIGN KEY(company_code) REFERENCES companies (code), 
	CONSTRAINT uq_tokens_digest UNIQUE (digest)
);
INSERT INTO "tokens" VALUES(1,'c7ea4bc98177decd59c3e9209b3ff48422b7dd3eb1aba245834ad7b9fdd0508f','2028',1795843531210686,1795886731210686);
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
INSERT INTO "trunks" VALUES('carrier',0,'sip:127.0.0.1:5080;transport=udp',NULL,NULL,0,'PCMA,PCMU',2,500.0,'',NULL,'','',NULL,NULL,'from','auto',30,4,1795843526625706,1795843526625706);
CREATE TABLE voice_files (
	company_code VARCHAR(9) NOT NULL, 
	name VARCHAR(255) NOT NULL, 
	path VARCHAR(4096) NOT NULL, 
	added_at BIGINT NOT NULL, 
	CONSTRAINT pk_voice_files PRIMARY KEY (company_code, name)
);
INSERT INTO "voice_files" VALUES('2028','notice.mp3','/var/lib/playvoice/voices/notice.mp3',1795843526625706);
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
