BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0004');
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
INSERT INTO "callbacks" VALUES(1,'2028','3a41d67c-1d41-426a-b1b5-9356cc27d565','cdr','{"answertime":"","hangupcause":10006,"duration":0,"id":2,"extnumber":"","uuid":"3a41d67c-1d41-426a-b1b5-9356cc27d565","downloadip":"127.0.0.1","customuuid":"custom-2","chengshudu":"1","callmethod":6,"recordfilename":"","companycode":2028,"memberid":"0","hangupdirection":10006,"billsec":0,"endtime":"2026-11-28 13:26:26","starttime":"2026-11-28 13:26:26","type":"callout","disnumber":"2120280001","crmid":"0","userkey":"","destnumber":"13333330002"}','delivered',1,0,NULL,200,NULL,1795843586089359,1795843586147231,NULL,1795843586147231,1795843586089359);
INSERT INTO "callbacks" VALUES(2,'2028','64528c10-226a-467f-bcb6-e004803e93d4','status','{"buuid":"5c823079-79cd-4f59-a540-a338d7ba6a31","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843587","status":"ring","uuid":"64528c10-226a-467f-bcb6-e004803e93d4","ip":"127.0.0.1"}','delivered',1,0,NULL,200,NULL,1795843587598546,1795843587626514,NULL,1795843587626514,NULL);
INSERT INTO "callbacks" VALUES(3,'2028','64528c10-226a-467f-bcb6-e004803e93d4','status','{"buuid":"5c823079-79cd-4f59-a540-a338d7ba6a31","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843587","status":"answer","uuid":"64528c10-226a-467f-bcb6-e004803e93d4","ip":"127.0.0.1"}','delivered',1,0,NULL,200,NULL,1795843588094602,1795843588115083,NULL,1795843588115083,NULL);
INSERT INTO "callbacks" VALUES(4,'2028','64528c10-226a-467f-bcb6-e004803e93d4','status','{"buuid":"5c823079-79cd-4f59-a540-a338d7ba6a31","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843587","status":"hangup","uuid":"64528c10-226a-467f-bcb6-e004803e93d4","ip":"127.0.0.1"}','delivered',1,0,NULL,200,NULL,1795843590540778,1795843590594762,NULL,1795843590594762,NULL);
INSERT INTO "callbacks" VALUES(5,'2028','64528c10-226a-467f-bcb6-e004803e93d4','cdr','{"answertime":"2026-11-28 13:26:26","hangupcause":10001,"duration":0,"id":1,"extnumber":"20280003","uuid":"64528c10-226a-467f-bcb6-e004803e93d4","downloadip":"127.0.0.1","customuuid":"custom-1","chengshudu":"1","callmethod":6,"recordfilename":"64528c10-226a-467f-bcb6-e004803e93d4.wav","companycode":2028,"memberid":"0","hangupdirection":10041,"billsec":4,"endtime":"2026-11-28 13:26:30","starttime":"2026-11-28 13:26:26","type":"callout","disnumber":"2120280001","crmid":"20280003","userkey":"1","destnumber":"13333330001"}','delivered',1,0,NULL,200,NULL,1795843590540969,1795843590735398,NULL,1795843590735398,1795843590540969);
INSERT INTO "callbacks" VALUES(6,'2028','c45c7b49-0767-40c3-bcfa-312814181535','status','{"buuid":"9d141026-e11a-4edc-a064-531b3214ed58","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843590","status":"ring","uuid":"c45c7b49-0767-40c3-bcfa-312814181535","ip":"127.0.0.1"}','delivered',1,0,NULL,200,NULL,1795843590620575,1795843590765641,NULL,1795843590765641,NULL);
INSERT INTO "callbacks" VALUES(7,'2028','c45c7b49-0767-40c3-bcfa-312814181535','status','{"buuid":"9d141026-e11a-4edc-a064-531b3214ed58","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843590","status":"hangup","uuid":"c45c7b49-0767-40c3-bcfa-312814181535","ip":"127.0.0.1"}','delivered',1,0,NULL,200,NULL,1795843590711763,1795843590890644,NULL,1795843590890644,NULL);
INSERT INTO "callbacks" VALUES(8,'2028','c45c7b49-0767-40c3-bcfa-312814181535','cdr','{"answertime":"2026-11-28 13:26:26","hangupcause":10001,"duration":0,"id":3,"extnumber":"","uuid":"c45c7b49-0767-40c3-bcfa-312814181535","downloadip":"127.0.0.1","customuuid":"custom-1","chengshudu":"1","callmethod":6,"recordfilename":"c45c7b49-0767-40c3-bcfa-312814181535.wav","companycode":2028,"memberid":"0","hangupdirection":10041,"billsec":4,"endtime":"2026-11-28 13:26:30","starttime":"2026-11-28 13:26:26","type":"callout","disnumber":"2120280001","crmid":"0","userkey":"1","destnumber":"13333330001"}','delivered',1,0,NULL,200,NULL,1795843590712000,1795843590941942,NULL,1795843590941942,1795843590712000);
INSERT INTO "callbacks" VALUES(9,'2028','790cb46c-bf60-4ad1-bd5f-d663d90880be','status','{"buuid":"210209e8-ca01-41d3-b912-c9a105d5d215","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843592","status":"ring","uuid":"790cb46c-bf60-4ad1-bd5f-d663d90880be","ip":"127.0.0.1"}','pending',1,0,'answered',503,'HTTP status 503',1795843592665901,1795843592675401,1795843597880389,NULL,NULL);
INSERT INTO "callbacks" VALUES(10,'2028','790cb46c-bf60-4ad1-bd5f-d663d90880be','status','{"buuid":"210209e8-ca01-41d3-b912-c9a105d5d215","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843592","status":"answer","uuid":"790cb46c-bf60-4ad1-bd5f-d663d90880be","ip":"127.0.0.1"}','pending',0,0,NULL,NULL,NULL,1795843593170585,NULL,1795843597880389,NULL,NULL);
INSERT INTO "callbacks" VALUES(11,'2028','790cb46c-bf60-4ad1-bd5f-d663d90880be','status','{"buuid":"210209e8-ca01-41d3-b912-c9a105d5d215","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843592","status":"hangup","uuid":"790cb46c-bf60-4ad1-bd5f-d663d90880be","ip":"127.0.0.1"}','pending',0,0,NULL,NULL,NULL,1795843595629847,NULL,1795843597880389,NULL,NULL);
INSERT INTO "callbacks" VALUES(12,'2028','790cb46c-bf60-4ad1-bd5f-d663d90880be','cdr','{"answertime":"2026-11-28 13:26:31","hangupcause":10001,"duration":0,"id":4,"extnumber":"20280003","uuid":"790cb46c-bf60-4ad1-bd5f-d663d90880be","downloadip":"127.0.0.1","customuuid":"custom-1","chengshudu":"1","callmethod":6,"recordfilename":"790cb46c-bf60-4ad1-bd5f-d663d90880be.wav","companycode":2028,"memberid":"0","hangupdirection":10041,"billsec":4,"endtime":"2026-11-28 13:26:35","starttime":"2026-11-28 13:26:31","type":"callout","disnumber":"2120280001","crmid":"20280003","userkey":"1","destnumber":"13333330001"}','pending',0,0,NULL,NULL,NULL,1795843595629959,NULL,1795843597880389,NULL,1795843595629959);
INSERT INTO "callbacks" VALUES(13,'2028','38706971-d265-480a-861c-08f89c40af84','status','{"buuid":"7340ced4-707c-4f6f-bdf5-e972c3101e69","callee":"13333330004","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843595","status":"ring","uuid":"38706971-d265-480a-861c-08f89c40af84","ip":"127.0.0.1"}','pending',1,0,'answered',503,'HTTP status 503',1795843595655053,1795843595706040,1795843600943275,NULL,NULL);
INSERT INTO "callbacks" VALUES(14,'2028','38706971-d265-480a-861c-08f89c40af84','status','{"buuid":"7340ced4-707c-4f6f-bdf5-e972c3101e69","callee":"13333330004","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843595","status":"answer","uuid":"38706971-d265-480a-861c-08f89c40af84","ip":"127.0.0.1"}','pending',0,0,NULL,NULL,NULL,1795843596178321,NULL,1795843600943275,NULL,NULL);
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
INSERT INTO "calls" VALUES(1,'64528c10-226a-467f-bcb6-e004803e93d4','1','2028','ended',1795843585064548,'13333330001',1,'notice.mp3','1@extGroup-1','2120280001','1','custom-1','','',60,3600,NULL,NULL,1795843586016611,1795843586533513,1795843590540969,10001,10041,'1','20280003','20280003','64528c10-226a-467f-bcb6-e004803e93d4.wav');
INSERT INTO "calls" VALUES(2,'3a41d67c-1d41-426a-b1b5-9356cc27d565','1','2028','ended',1795843585083657,'13333330002',1,'notice.mp3','1@extGroup-1','2120280001','1','custom-2','','',60,3600,NULL,NULL,1795843586017370,NULL,1795843586089359,10006,10006,'','','','');
INSERT INTO "calls" VALUES(3,'c45c7b49-0767-40c3-bcfa-312814181535','1','2028','ended',1795843585118103,'13333330001',2,'http://127.0.0.1:8081/notice.mp3','1@extGroup-1','2120280001','1','custom-1','','',60,3600,NULL,NULL,1795843586163724,1795843586677610,1795843590712000,10001,10041,'1','','','c45c7b49-0767-40c3-bcfa-312814181535.wav');
INSERT INTO "calls" VALUES(4,'790cb46c-bf60-4ad1-bd5f-d663d90880be','1','2028','ended',1795843590986733,'13333330001',1,'notice.mp3','1@extGroup-1','2120280001','1','custom-1','','',60,3600,NULL,NULL,1795843591118385,1795843591632574,1795843595629959,10001,10041,'1','20280003','20280003','790cb46c-bf60-4ad1-bd5f-d663d90880be.wav');
INSERT INTO "calls" VALUES(5,'38706971-d265-480a-861c-08f89c40af84','1','2028','answered',1795843592675710,'13333330004',1,'notice.mp3','1@extGroup-1','2120280001','1','custom-4','','',60,3600,'kept','992423b1d0582a38b4d2f7951e8db64f07bdba94edddb26ef5ecd7e613e56db2',1795843592690325,1795843593202654,NULL,NULL,NULL,'1','','','');
INSERT INTO "calls" VALUES(6,'15dc5af5-a409-472a-ac6f-89cfd11b9296','1','2028','dialled',1795843596198135,'13333330003',1,'notice.mp3','1@extGroup-1','2120280001','1','custom-3','','',60,3600,NULL,NULL,1795843596204907,NULL,NULL,NULL,NULL,'','','','');
INSERT INTO "calls" VALUES(7,'1c15497e-d254-454e-803f-c371833a9617','1','2028','waiting',1795843596243376,'13333330005',1,'notice.mp3','1@extGroup-1','2120280001','1','custom-5','','',60,3600,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'','','','');
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
INSERT INTO "companies" VALUES('2028','Demo','demo-appid','sha256$0c36c898535470a6dc1e9c3b5387a129$ddbd09d97efdb743ca94244e18aa30ce745178d6a46546d566f833792d576c72',1,NULL,'','http://127.0.0.1:9000/cdr','http://127.0.0.1:9000/status','json','','whsec_+EuPM5TB5I1oe4Y47y9RhXHA6hB+KE6q','always','wav',3600,5,NULL,1795843580069037,1795843580069037);
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
INSERT INTO "downloads" VALUES('031a0b7b8668d17a923f406a07e67a897403d42889a7a968264b45df54a0ef0a','http://127.0.0.1:8081/notice.mp3','031a0b7b8668d17a923f406a07e67a89-b8308ebfd26a4bd9',138970,NULL,'Sat, 28 Nov 2026 05:26:13 GMT',1795843585135896);
CREATE TABLE extensions (
	number VARCHAR(32) NOT NULL, 
	company_code VARCHAR(9) NOT NULL, 
	password VARCHAR(255) NOT NULL, 
	enabled BOOLEAN NOT NULL, 
	created_at BIGINT NOT NULL, 
	updated_at BIGINT NOT NULL, 
	CONSTRAINT pk_extensions PRIMARY KEY (number)
);
INSERT INTO "extensions" VALUES('20280003','2028','secret',1,1795843580069037,1795843580069037);
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
INSERT INTO "groups" VALUES(1,'2028','extGroup-1','ring-all',20,60,1795843580069037,1795843580069037);
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
INSERT INTO "legs" VALUES('a6ea1ac1-1454-490f-96f7-8a01c665bac7','64528c10-226a-467f-bcb6-e004803e93d4','a','ended','carrier','','{"call_id":"c92d5a9976343e31de3bd827cd143c16","local":"<sip:2120280001@127.0.0.1>;tag=e083208ab6c4e347126cd47e","remote":"<sip:13333330001@127.0.0.1:5080;transport=udp>","uri":"sip:13333330001@127.0.0.1:5080;transport=udp","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bK17565b2823df1c1ed7077ef4","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}','{"call_id":"c92d5a9976343e31de3bd827cd143c16","local":"<sip:2120280001@127.0.0.1>;tag=e083208ab6c4e347126cd47e","remote":"<sip:13333330001@127.0.0.1:5080;transport=udp>;tag=5ef155b56b54cd1b5f727f5b","remote_target":"sip:127.0.0.1:5080","route":[],"local_cseq":1,"remote_cseq":-1,"invite_cseq":1,"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}',1795843586005308,NULL,1795843586533513,1795843590540620,201,201,0,1,0,NULL,NULL,NULL,NULL);
INSERT INTO "legs" VALUES('5df82eb8-6df4-4e5d-808e-62261cce7af4','3a41d67c-1d41-426a-b1b5-9356cc27d565','a','ended','carrier','','{"call_id":"5f2d1f0a9e64ca3945e6a575b929627a","local":"<sip:2120280001@127.0.0.1>;tag=b976529a27c17b5143e29bc2","remote":"<sip:13333330002@127.0.0.1:5080;transport=udp>","uri":"sip:13333330002@127.0.0.1:5080;transport=udp","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bK995b0b43cddf4a7a26fd8040","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}','',1795843586006588,NULL,NULL,1795843586088897,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "legs" VALUES('31d1c75c-6106-4647-8dc9-afb99fc6985d','c45c7b49-0767-40c3-bcfa-312814181535','a','ended','carrier','','{"call_id":"108a93b1b0998b40edf04862910f321c","local":"<sip:2120280001@127.0.0.1>;tag=801bf16c98b1ff273bcfb023","remote":"<sip:13333330001@127.0.0.1:5080;transport=udp>","uri":"sip:13333330001@127.0.0.1:5080;transport=udp","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bKb8efa6c72631c54c94d006c3","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}','{"call_id":"108a93b1b0998b40edf04862910f321c","local":"<sip:2120280001@127.0.0.1>;tag=801bf16c98b1ff273bcfb023","remote":"<sip:13333330001@127.0.0.1:5080;transport=udp>;tag=23bfc6f4d00c69a68b5469a3","remote_target":"sip:127.0.0.1:5080","route":[],"local_cseq":1,"remote_cseq":-1,"invite_cseq":1,"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}',1795843586149836,NULL,1795843586677610,1795843590709974,204,200,0,2,0,NULL,NULL,NULL,NULL);
INSERT INTO "legs" VALUES('70a217c2-583b-4c33-b886-392b573e394c','64528c10-226a-467f-bcb6-e004803e93d4','b','ended','','20280003','{"call_id":"e50e3a600631b657fb57920e36e38fd2","local":"<sip:13333330001@127.0.0.1>;tag=013cab5f6be243fe5fa8f761","remote":"<sip:20280003@127.0.0.1:5070>","uri":"sip:20280003@127.0.0.1:5070","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bK02f857959629d829e9921da4","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5070],"local":["127.0.0.1",5060]},"pinned":true}','{"call_id":"e50e3a600631b657fb57920e36e38fd2","local":"<sip:13333330001@127.0.0.1>;tag=013cab5f6be243fe5fa8f761","remote":"<sip:20280003@127.0.0.1:5070>;tag=b36f9d887e04c9d8692a2d87","remote_target":"sip:127.0.0.1:5070","route":[],"local_cseq":1,"remote_cseq":-1,"invite_cseq":1,"flow":{"transport":"udp","remote":["127.0.0.1",5070],"local":["127.0.0.1",5060]},"pinned":true}',1795843587563750,1795843587598546,1795843588094602,1795843590540778,123,123,0,2,0,NULL,NULL,NULL,'5c823079-79cd-4f59-a540-a338d7ba6a31');
INSERT INTO "legs" VALUES('237dbb62-a197-4f04-9708-84d6ad6bf949','c45c7b49-0767-40c3-bcfa-312814181535','b','ended','','20280003','{"call_id":"3387ea7f519be323cee8d8b00f7cebe1","local":"<sip:13333330001@127.0.0.1>;tag=cda590baf8340c191e12f26b","remote":"<sip:20280003@127.0.0.1:5070>","uri":"sip:20280003@127.0.0.1:5070","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bKfa3361b0443d11098947d339","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5070],"local":["127.0.0.1",5060]},"pinned":true}','',1795843590555642,1795843590620575,NULL,1795843590711763,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'9d141026-e11a-4edc-a064-531b3214ed58');
INSERT INTO "legs" VALUES('dca325e4-fbd1-48bd-a599-d87b8ce55607','790cb46c-bf60-4ad1-bd5f-d663d90880be','a','ended','carrier','','{"call_id":"b4dc70a4f6db8928a95f9659b6dc2b5f","local":"<sip:2120280001@127.0.0.1>;tag=0ea929c3b33e87b9067eee4e","remote":"<sip:13333330001@127.0.0.1:5080;transport=udp>","uri":"sip:13333330001@127.0.0.1:5080;transport=udp","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bK0df0c814e514578dc457893a","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}','{"call_id":"b4dc70a4f6db8928a95f9659b6dc2b5f","local":"<sip:2120280001@127.0.0.1>;tag=0ea929c3b33e87b9067eee4e","remote":"<sip:13333330001@127.0.0.1:5080;transport=udp>;tag=01571ba0013bac04787cbff8","remote_target":"sip:127.0.0.1:5080","route":[],"local_cseq":1,"remote_cseq":-1,"invite_cseq":1,"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}',1795843591035080,NULL,1795843591632574,1795843595629765,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "legs" VALUES('5134b17b-21bd-47f0-957e-7eb5acd3a5b2','790cb46c-bf60-4ad1-bd5f-d663d90880be','b','ending','','20280003','{"call_id":"3162eb4b0451663d323ba2240dd7e723","local":"<sip:13333330001@127.0.0.1>;tag=c3793edc3ef221a2fd0cf789","remote":"<sip:20280003@127.0.0.1:5070>","uri":"sip:20280003@127.0.0.1:5070","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bKb73ea0bab58d67843be5ca83","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5070],"local":["127.0.0.1",5060]},"pinned":true}','{"call_id":"3162eb4b0451663d323ba2240dd7e723","local":"<sip:13333330001@127.0.0.1>;tag=c3793edc3ef221a2fd0cf789","remote":"<sip:20280003@127.0.0.1:5070>;tag=9a6147f527688b005450ab40","remote_target":"sip:127.0.0.1:5070","route":[],"local_cseq":1,"remote_cseq":-1,"invite_cseq":1,"flow":{"transport":"udp","remote":["127.0.0.1",5070],"local":["127.0.0.1",5060]},"pinned":true}',1795843592654064,1795843592665901,1795843593170585,1795843595629847,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'210209e8-ca01-41d3-b912-c9a105d5d215');
INSERT INTO "legs" VALUES('c34e57c8-c4f4-4d10-8252-0f2edb04f078','38706971-d265-480a-861c-08f89c40af84','a','answered','carrier','','{"call_id":"782016666d2a350d74ae6671a2760d14","local":"<sip:2120280001@127.0.0.1>;tag=2692dfc75317f2b885df4f82","remote":"<sip:13333330004@127.0.0.1:5080;transport=udp>","uri":"sip:13333330004@127.0.0.1:5080;transport=udp","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bK70fde42af2f89ed184beb54d","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}','{"call_id":"782016666d2a350d74ae6671a2760d14","local":"<sip:2120280001@127.0.0.1>;tag=2692dfc75317f2b885df4f82","remote":"<sip:13333330004@127.0.0.1:5080;transport=udp>;tag=e77cb93f3d8901ad7bc68061","remote_target":"sip:127.0.0.1:5080","route":[],"local_cseq":1,"remote_cseq":-1,"invite_cseq":1,"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}',1795843592690325,NULL,1795843593202654,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "legs" VALUES('c5da2ffb-7985-4949-80c6-d7b4cc530232','38706971-d265-480a-861c-08f89c40af84','b','answered','','20280003','{"call_id":"d498560be9450264422e63645955d378","local":"<sip:13333330004@127.0.0.1>;tag=33098673163e3941f218cd3d","remote":"<sip:20280003@127.0.0.1:5070>","uri":"sip:20280003@127.0.0.1:5070","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bK0c4fdea179b8dbbaaa995e0e","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5070],"local":["127.0.0.1",5060]},"pinned":true}','{"call_id":"d498560be9450264422e63645955d378","local":"<sip:13333330004@127.0.0.1>;tag=33098673163e3941f218cd3d","remote":"<sip:20280003@127.0.0.1:5070>;tag=4c81338ba5dd4694764a2df3","remote_target":"sip:127.0.0.1:5070","route":[],"local_cseq":1,"remote_cseq":-1,"invite_cseq":1,"flow":{"transport":"udp","remote":["127.0.0.1",5070],"local":["127.0.0.1",5060]},"pinned":true}',1795843595634571,1795843595655053,1795843596178321,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'7340ced4-707c-4f6f-bdf5-e972c3101e69');
INSERT INTO "legs" VALUES('ed5f7aed-104a-4349-b4c7-59582b312618','15dc5af5-a409-472a-ac6f-89cfd11b9296','a','dialled','carrier','','{"call_id":"45200604fdc393d5c1510db08b90fb49","local":"<sip:2120280001@127.0.0.1>;tag=7af3d8e7408dba136362596a","remote":"<sip:13333330003@127.0.0.1:5080;transport=udp>","uri":"sip:13333330003@127.0.0.1:5080;transport=udp","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bKeabb833dc602af9778890f0b","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}','',1795843596204907,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
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
INSERT INTO "registrations" VALUES(1,'1','20280003','<sip:20280003@127.0.0.1:5070>','udp','127.0.0.1',5070,'127.0.0.1',5060,'127.0.0.1',5070,'[]','d304aca38db4207761a21bddfc98e24e',2,1795843882546071);
CREATE TABLE servers (
	server_id VARCHAR(32) NOT NULL, 
	heartbeat_at BIGINT NOT NULL, 
	CONSTRAINT pk_servers PRIMARY KEY (server_id)
);
INSERT INTO "servers" VALUES('1',1795843595860875);
CREATE TABLE tokens (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	digest VARCHAR(64) NOT NULL, 
	company_code VARCHAR(9) NOT NULL, 
	issued_at BIGINT NOT NULL, 
	expires_at BIGINT NOT NULL, 
	CONSTRAINT fk_tokens_company_code_companies FOREIGN KEY(company_code) REFERENCES companies (code), 
	CONSTRAINT uq_tokens_digest UNIQUE (digest)
);
INSERT INTO "tokens" VALUES(1,'0b679639db63f193a3e614e890f81dd93973fffc4ba0add2ecd6185e1487f2f8','2028',1795843582675600,1795886782675600);
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
INSERT INTO "trunks" VALUES('carrier',0,'sip:127.0.0.1:5080;transport=udp',NULL,NULL,0,'PCMA,PCMU',2,500.0,'',NULL,'','',NULL,NULL,'from','auto',30,4,1795843580069037,1795843580069037);
CREATE TABLE voice_files (
	company_code VARCHAR(9) NOT NULL, 
	name VARCHAR(255) NOT NULL, 
	path VARCHAR(4096) NOT NULL, 
	added_at BIGINT NOT NULL, 
	CONSTRAINT pk_voice_files PRIMARY KEY (company_code, name)
);
INSERT INTO "voice_files" VALUES('2028','notice.mp3','/var/lib/playvoice/voices/notice.mp3',1795843580069037);
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
CREATE INDEX ix_legs_started_at ON legs (started_at);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('tokens',1);
INSERT INTO "sqlite_sequence" VALUES('calls',7);
INSERT INTO "sqlite_sequence" VALUES('callbacks',14);
COMMIT;
