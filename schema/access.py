"""Access on the wire: roles, their scopes, granting and ending them."""

from datetime import date
from typing import Annotated

import strawberry
from strawberry import ID

from schema.context import Input
from schema.divisions import Area, read_areas
from schema.enums import show_enum
from schema.fields import field
from schema.places import Station, read_stations_on
from schema.refusal import Info, Payload, mutation
from schema.texts import texts
from timebank import access
from timebank.access import Action, Role

show_enum(
    Role,
    "What somebody may be, somewhere (each within a scope).",
    team_leader="Leads a team's activities and confirms first.",
    station_clerk="Captures and assists at a station.",
    station_manager="Confirms, and runs a station.",
    party_secretary="A community's Party secretary: posts, wishes, member reports.",
    street_officer="Late records, filing of groups, project approval in a street.",
    street_cashier="Makes payments of a street.",
    street_checker="Checks payments of a street.",
    district_registrar="Registers stations and organisations of a district.",
    district_lead="Leads volunteering in a district: findings, stars 1 and 2.",
    city_lead="Leads volunteering in the city: policy, stars 3 and 4.",
    city_fund_officer="Keeps the city's sources and calls.",
    unit_party_admin="Receives consented feedback for a work unit.",
    organisation_representative="Acts for an organisation.",
    organisation_finance="Sends an organisation's bills.",
    reviewer="Scores the applications of a call.",
    auditor="Reads ledger, proofs and masked data; writes nothing.",
    data_protection_officer="Answers requests about personal data.",
    operator="Keeps keys and backups, and grants roles.",
)
show_enum(
    Action,
    "What staff may do; a role allows some of them.",
    propose_station="Propose a station.",
    approve_station="Let a proposed station work.",
    manage_team="Give a station teams, and dissolve them.",
    register_person="Register people at the counter.",
    find_person="Look people up, with name and telephone.",
    declare_activity="Declare activities.",
    run_activity="Open, run and file activities.",
    check_in_others="Check volunteers in and out by scan.",
    enrol_device="Enrol and end the devices of stations.",
    capture_hours="Capture service records.",
    capture_old_hours="Capture records older than a street may (domain 4).",
    confirm_hours="Confirm what somebody else captured.",
    review_hours="Review what a rule sends to a second person.",
    reverse_hours="Reverse posted records.",
    decide_objection="Answer and decide objections to records.",
    find_misconduct="Find misconduct, and review findings.",
    open_emergency="Open and end an emergency.",
    hold_activity="Hold an activity, let it go, make it void.",
    accept_at_counter="Accept for a volunteer at the counter.",
    print_passbook="Read and print the passbook of somebody at the counter.",
    tell_in_person="Tell people in person what waits in their inbox.",
    suspend_person="Suspend and reinstate people.",
    read_records="Read service records.",
    manage_reward="Offer, restock and withdraw rewards.",
    award_district_star="Lay open, award and revoke stars 1 and 2.",
    award_city_star="Lay open, award and revoke stars 3 and above.",
    issue_certificate="Issue, decline and revoke certificates of service.",
    hand_over_reward="Make orders ready and hand them over.",
    register_kin="Register kin, households and proxies at the counter.",
    note_living_alone="Note who lives alone.",
    grant_from_pool="Grant minutes from a public pool.",
    certify_drawing="Certify that somebody may draw below the age for it.",
    help_at_counter="Order, cancel and confirm help for people at the counter.",
    match_help="Write down who agreed to help with an order.",
    decide_help="Decide disputes about help.",
    read_help="Read orders for help.",
    report_death="Report that somebody died.",
    settle_estate="Settle the minutes of who died.",
    register_unit="Register a work unit.",
    handle_member_reports="Receive, activate and return member reports.",
    manage_posts="Draft, open and close service posts, and handle claims on them.",
    collect_wishes="Take wishes down, and read what residents told.",
    judge_wishes="Approve, refer, decline, publish and close wishes.",
    claim_for_team="Claim wishes for a team.",
    claim_for_unit="Claim wishes for a work unit.",
    authorise_funds="Authorise sources of public money and allot them.",
    register_organisation="Register organisations, and keep the lists of them.",
    file_organisation="File community organisations.",
    act_for_organisation="Act for an organisation.",
    make_payment="Make and pay out payments of public money.",
    check_payment="Check, withhold and reconcile payments of public money.",
    read_payments="See the payments that wait.",
    manage_calls="Write calls and judge applications to them.",
    read_applications="See applications to calls.",
    review_grants="Give points to applications.",
    award_grants="Award, contract, accept and stop grants.",
    keep_books="Account for an organisation's public money.",
    run_project="Run a community's projects.",
    take_ballot="Take down answers on paper or by telephone.",
    judge_project="Approve projects up to the street's amount, and see what is objected.",
    screen_project="Screen, drop and close projects.",
    approve_large_project="Approve projects above the street's amount.",
    read_statements="Read what members let their work unit have.",
    score_organisation="Visit and score organisations for a grade.",
    grant_role="Propose, grant and end roles.",
    read_entries="Read the ledger's entries.",
    publish_policy="Propose and publish policies.",
    ask_urgent_access="Ask for urgent access to names and telephones.",
    open_urgent_access="Open urgent access for another officer.",
    read_urgent_access="Read who had urgent access and what they read.",
    propose_merge="Say that two numbers are one person's.",
    decide_merge="Agree that two numbers become one.",
    answer_request="Answer what people ask about their own data.",
    handle_breach="Tell people what happened to their data.",
    place_hold="Keep a person's data from being erased while something is open.",
    erase_person="Ask for, and withdraw, the erasure of somebody who asked for it.",
    reset_sign_in="Make void what somebody lost and signed in with; give out cards.",
    reset_staff_sign_in="Do so for somebody who holds a role.",
    lift_stop="Let the ledger go on after it stopped itself; at the command line only.",
)


@strawberry.type(description="A role over everything below a scope.")
class Grant:
    id: ID = strawberry.field(description="Opaque; names the grant when it is ended.")
    role: Role = strawberry.field(description="The role.")
    scope: str = strawberry.field(description="The path below which it holds.")
    until: date | None = strawberry.field(description="Its last day; null: until it is ended.")

    @field
    async def station(self, info: Info) -> Station | None:
        """The station that the scope is, or lies in; null for an area."""
        return await info.context.loaders.load(read_stations_on, self.scope)

    @field
    async def area(self, info: Info) -> Area | None:
        """The area that the scope is; null for a station or an organisation."""
        return await info.context.loaders.load(read_areas, self._named)

    @field
    async def name(self, info: Info) -> str | None:
        """The name of the station, team, organisation or unit that the scope is; null for an area
        and where the name was erased.
        """
        return await info.context.loaders.load(texts("name"), self._named)

    @property
    def _named(self) -> str:
        """What the scope ends with."""
        return self.scope.rstrip("/").rpartition("/")[2]

    @classmethod
    def of(cls, held: access.Grant) -> "Grant":
        """A grant as it is shown."""
        return cls(id=ID(held.id), role=held.role, scope=held.scope, until=held.until)


@strawberry.type
class Query:
    @field
    async def may(
        self,
        info: Info,
        action: Annotated[Action, strawberry.argument(description="What would be done.")],
        scope: Annotated[str, strawberry.argument(description="The path it would be done at.")],
    ) -> bool:
        """Whether you may do something on what lies at a path."""
        return await access.may_read(info.context.actor, action, scope)

    @field
    async def my_grants(self, info: Info) -> list[Grant]:
        """Your own roles, those that ended by their day included."""
        held = await access.grants_of(info.context.actor)
        return [Grant.of(grant) for grant in held.grants] if held else []

    @field
    async def grants(
        self, info: Info, person: Annotated[ID, strawberry.argument(description="Whose.")]
    ) -> list[Grant]:
        """Somebody's roles, as far as you may end them."""
        held = await access.role_holder(info.context.actor, person)
        return [Grant.of(grant) for grant in held.grants]


@strawberry.input
class EndRoleInput(Input):
    person: ID = strawberry.field(description="Who holds the role.")
    grant: ID = strawberry.field(description="The grant to end.")


@strawberry.type
class EndRolePayload(Payload):
    grant: ID | None = strawberry.field(default=None, description="The grant that was ended.")


@strawberry.type
class Mutation:
    @mutation(EndRolePayload)
    async def end_role(self, info: Info, input: EndRoleInput) -> EndRolePayload:
        """End a role."""
        answer = await access.end_role(
            info.context.actor,
            person=input.person,
            grant=input.grant,
            key=info.context.key(input),
        )
        return EndRolePayload.of(answer, grant=ID(answer.grant))
