"""What codes of public money are called, as pages of money show and offer them.

Chinese is the language of the source; templates translate each word when it is shown.
"""

from types import SimpleNamespace

PURPOSES = {
    "ELDER_CARE": "为老服务",
    "CHILD_CARE": "儿童青少年服务",
    "DISABILITY_HELP": "助残服务",
    "NEIGHBOUR_HELP": "邻里互助",
    "HEALTH": "健康服务",
    "CULTURE_SPORT": "文化体育",
    "ENVIRONMENT": "环境保护",
    "SAFETY": "平安建设",
    "PUBLIC_PLACES": "公共设施",
    "GOVERNANCE": "居民自治",
    "VOLUNTEERING": "志愿服务",
    "ORGANISATION_GROWTH": "社会组织培育",
    "SOCIAL_WORK": "社会工作服务",
    "POVERTY_RELIEF": "扶贫",
    "PARTY_BUILDING": "党建",
}
NEGATIVES = {
    "STAFF_PAY": "工作人员工资奖金",
    "OFFICE": "办公经费和装修",
    "MEALS_GIFTS_TRAVEL": "吃喝、礼品、旅游",
    "DEBT_INVESTMENT": "还债、担保、投资",
    "PRIVATE_MATTER": "居民个人事务",
    "OTHERS_DUTY": "应由其他主体负责的事项",
    "BUDGETED_ALREADY": "政府职责或已有预算的事项",
    "CASH_TO_PERSONS": "向个人发放现金或代金券",
    "PARTY_ONLY": "仅限党内的活动",
    "RELIGIOUS_COMMERCIAL": "宗教或商业活动",
    "RELATED_PARTY": "关联方未回避",
    "SPLIT": "拆分以规避限额",
    "BOUGHT_BEFORE": "决定之前已购买",
    "NO_INVOICE": "没有发票或验收",
}
ITEMS = {
    "MATERIALS": "材料",
    "WORKS": "工程",
    "SERVICES": "服务",
    "VENUE": "场地",
    "PRINTING": "印刷",
    "TRANSPORT": "交通",
    "INSURANCE": "志愿者保险",
    "TRAINING": "培训",
    "VOLUNTEER_COSTS": "志愿者开支",
    "PROJECT_PAY": "项目人员劳务",
    "AUDIT": "审计",
}
"""What may be bought; what is on the negative list by its kind alone is not offered."""
CONDITIONS = {
    "CONTRACT": "签订合同",
    "MIDTERM": "中期报告通过",
    "FINAL": "结项报告通过",
    "ACCEPTANCE": "居民验收",
}
TRANCHES = {
    "PLANNED": "等待制单",
    "CONDITION_MET": "待复核的付款",
    "APPROVED": "等待出账",
    "PAID": "等待对账",
    "RECONCILED": "已对账",
    "WITHHELD": "已暂缓",
}
PROJECTS = {
    "PROPOSED": "提议中",
    "SCREENED": "初审通过，讨论中",
    "DISCUSSED": "居民表决中",
    "VOTED": "居民表决通过",
    "PUBLICISED": "公示中",
    "STREET_APPROVED": "街道已批准",
    "COMMITTED": "资金已落实",
    "IN_WORK": "施工中",
    "ACCEPTED": "居民验收通过",
    "PAID": "已付款，待评价",
    "EVALUATED": "评价合格",
    "RECTIFY": "整改中",
    "CLOSED": "已办结",
    "DECLINED": "未通过",
}
DECLINES = {
    "NEGATIVE_LIST": "属于负面清单",
    "NO_QUORUM": "参加人数不足",
    "NO_MAJORITY": "赞成人数不足",
    "OBJECTION_UPHELD": "异议成立",
    "NOT_FEASIBLE": "无法实施",
    "WITHDRAWN": "已撤回",
}
POLLS = {
    "SUPPORT": "支持这个提议吗",
    "DECISION": "同意做这个项目吗",
    "ACCEPTANCE": "验收通过吗",
    "EVALUATION": "对结果满意吗",
}
OBJECTIONS = {
    "RULE_BROKEN": "违反规定",
    "MISCONDUCT": "存在违规行为",
    "HOURS_FALSE": "时长不实",
    "WRONG_PERSON": "对象有误",
}
CALLS = {"DRAFT": "起草中", "OPEN": "征集中", "CLOSED": "已截止"}
GRANTS = {
    "DRAFT": "填写中",
    "SUBMITTED": "已提交，待形式审查",
    "FORMAL_OK": "评审中",
    "SCORED": "评审完成",
    "SHORTLISTED": "拟资助",
    "PUBLICITY": "公示中",
    "AWARDED": "已立项，待签合同",
    "CONTRACTED": "已签合同",
    "RUNNING": "实施中",
    "MIDTERM_PASS": "中期通过",
    "MIDTERM_FIX": "中期整改",
    "FINAL": "结项审查中",
    "ACCEPTED": "结项通过，待审计",
    "AUDITED": "审计完成",
    "CLOSED": "已办结",
    "STOPPED": "已终止",
    "RECOVERY": "追回资金中",
    "RECOVERED": "资金已追回",
    "REJECTED": "未获资助",
    "WITHDRAWN": "已撤回",
}
REJECTIONS = {
    "FORMAL_FAULT": "形式审查不合格",
    "SCORE_TOO_LOW": "得分不够",
    "MONEY_GONE": "资金已用完",
    "OBJECTION_UPHELD": "异议成立",
}
STOPS = {
    "NOT_PUT_RIGHT": "逾期未整改",
    "MONEY_MISUSED": "资金使用违规",
    "HOURS_FALSE": "时长不实",
    "ORGANISATION_ENDED": "组织已终止",
}
WITHHOLDS = {
    "REPORT_LATE": "报告逾期",
    "HOURS_IN_DOUBT": "时长存疑",
    "SPENDING_IN_DOUBT": "支出存疑",
    "STOPPED": "项目已终止",
    "BARRED": "组织被限制获得公共资金",
}

MONEY = SimpleNamespace(**{name: told for name, told in vars().items() if name.isupper()})
"""All of them, for the templates."""
