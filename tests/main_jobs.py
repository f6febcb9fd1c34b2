"""The main jobs of everybody: the table of web 1, job by job.

Who does it, on which pages, and the journeys that do it, by test module and function.
"""

import msgspec

WHO = {"volunteer", "anyone at the door", "station staff", "Party member", "organisation"}
WHO |= {"officer", "auditor and public"}


class Job(msgspec.Struct, frozen=True):
    """A job, whose it is, its pages, and the tests that do it, by module and function.

    One that is `posted` is done without a browser: none of its pages has a script, so that either
    way is the same.
    """

    who: str
    what: str
    pages: tuple[str, ...]
    done_by: tuple[str, ...]
    needs_scripts: bool = False
    posted: bool = False


JOBS = (
    # The volunteer
    Job(
        "volunteer",
        "see the balance at opening, redeem in three taps",
        ("/", "/redeem", "/redeem/{id}"),
        ("test_pages.test_a_volunteer_sees_the_balance_at_once_and_redeems_in_three_taps",),
    ),
    Job(
        "volunteer",
        "read the statement, accept, or say that it was not me",
        ("/statement",),
        (
            "test_pages.test_a_manager_confirms_and_the_volunteer_accepts",
            "test_pages.test_not_me_is_one_tap_and_stays_visible",
        ),
    ),
    Job(
        "volunteer",
        "find whatever there is, and an activity with a seat",
        ("/more", "/activities"),
        (
            "test_pages.test_everything_that_may_be_opened_is_one_tap_behind_more",
            "test_pages_station.test_an_activity_goes_from_its_declaration_to_a_seat_and_back",
        ),
    ),
    Job(
        "volunteer",
        "sign in by a passkey",
        ("/sign-in/passkey",),
        ("test_passkeys_wire.test_a_telephone_adds_a_passkey_and_signs_in_by_it",),
        needs_scripts=True,
    ),
    Job(
        "volunteer",
        "be told, and say how",
        ("/inbox", "/settings/notices"),
        (
            "test_pages_personal.test_two_become_family_and_one_gives_the_other_time",
            "test_pages_personal.test_somebody_says_how_they_want_to_be_told_and_where_nothing_is_set_up_it_says_so",
        ),
    ),
    Job(
        "volunteer",
        "give time within the family",
        ("/gifts", "/family"),
        ("test_pages_personal.test_two_become_family_and_one_gives_the_other_time",),
    ),
    Job(
        "volunteer",
        "object, and appeal from a finding",
        ("/objections", "/findings/{id}"),
        (
            "test_pages_personal.test_an_objection_is_made_answered_and_decided",
            "test_pages_office.test_a_finding_takes_two_officers_and_the_appeal_a_third",
        ),
    ),
    Job(
        "volunteer",
        "have a certificate in two taps, and whoever gets it checks it",
        ("/certificates", "/certificates/{id}", "/v/{code}", "/desk/certificates"),
        ("test_pages_recognition.test_a_certificate_is_asked_for_issued_scanned_and_said_to_hold",),
    ),
    Job(
        "volunteer",
        "reach a star, and what it opens",
        ("/stars", "/stars/publicity", "/e/{order}"),
        (
            "test_pages_office.test_a_star_goes_from_application_to_appeal_through_the_pages",
            "test_pages_office.test_what_a_star_opens_is_checked_by_whoever_gives_it",
        ),
    ),
    Job(
        "volunteer",
        "see one's own data, who looked, and one's devices; change password and letters",
        ("/my-data",),
        (
            "test_pages_personal.test_one_s_data_are_asked_for_and_a_device_is_signed_out",
            "test_pages_personal.test_letters_and_language_are_chosen_and_a_wrong_password_is_not_repeated",
        ),
    ),
    Job(
        "volunteer",
        "print the passbook",
        ("/passbook",),
        ("test_pages_counter.test_one_s_own_passbook_is_a_page_of_one_s_own",),
    ),
    Job(
        "volunteer",
        "ask for help, and help a neighbour",
        ("/help", "/help/near"),
        (
            "test_pages_help.test_help_is_ordered_confirmed_and_paid_from_the_page",
            "test_pages_help.test_a_neighbour_offers_takes_and_gives_help_from_the_page",
        ),
    ),
    Job(
        "volunteer",
        "sign in, register, and set a new password",
        ("/sign-in", "/sign-in/card", "/new-password", "/register"),
        (
            "test_pages.test_somebody_registers_with_their_own_consent",
            "test_pages_lost_sign_in.test_a_card_is_given_out_and_opens_the_way_in",
            "test_pages_lost_sign_in.test_a_lost_password_is_void_and_a_new_one_set",
        ),
    ),
    Job(
        "volunteer",
        "withdraw a consent and give it again",
        ("/settings/consents",),
        (
            "test_pages_personal.test_a_consent_is_withdrawn_and_given_again_at_a_tap_and_its_history_stands_there",
        ),
    ),
    # At the door
    Job(
        "anyone at the door",
        "check in by the poster's code, or show one's own",
        ("/c/{number}", "/my-code", "/desk/code"),
        (
            "test_pages_door.test_a_volunteer_checks_in_and_out_with_one_tap_after_the_scan",
            "test_pages_door.test_the_digits_can_be_typed_and_a_wrong_one_is_kept",
        ),
    ),
    Job(
        "anyone at the door",
        "tell a wish without an account, and see what becomes of it",
        ("/tell", "/w/{link}"),
        (
            "test_pages_membership.test_a_resident_tells_a_wish_without_an_account_and_keeps_the_link",
        ),
    ),
    # The station
    Job(
        "station staff",
        "scan who comes, confirm the morning in one tap",
        ("/desk",),
        (
            "test_pages_desk.test_a_scanner_checks_in_and_out_without_a_tap",
            "test_pages_desk.test_the_morning_goes_from_the_door_to_the_ledger",
        ),
    ),
    Job(
        "station staff",
        "scan without a network",
        ("/desk/devices", "/desk/offline"),
        ("test_pages_offline.test_what_is_scanned_offline_waits_is_sent_and_counts_once",),
        needs_scripts=True,
    ),
    Job(
        "station staff",
        "announce and run activities",
        ("/desk/activities",),
        ("test_pages_station.test_an_activity_goes_from_its_declaration_to_a_seat_and_back",),
    ),
    Job(
        "station staff",
        "paste a roster and mend its red rows",
        ("/desk/rosters",),
        ("test_pages_station.test_red_rows_are_mended_in_place_and_the_good_ones_go_in",),
    ),
    Job(
        "station staff",
        "register somebody, give out a card, void a lost sign-in",
        ("/desk/register", "/desk/sign-in"),
        (
            "test_pages_station.test_somebody_is_registered_at_the_counter_and_checked_in_at_once",
            "test_pages_lost_sign_in.test_a_card_is_given_out_and_opens_the_way_in",
        ),
    ),
    Job(
        "station staff",
        "act for somebody and print a slip",
        ("/desk/person", "/desk/slip"),
        (
            "test_pages_counter.test_the_counter_acts_for_somebody_and_both_are_named",
            "test_pages_counter.test_the_slip_fits_the_paper_of_a_receipt_printer",
        ),
    ),
    Job(
        "station staff",
        "take wishes down and help orders",
        ("/desk/wishes", "/desk/help"),
        (
            "test_pages_wishes.test_the_counter_takes_a_wish_down_and_prints_what_the_resident_takes_home",
            "test_pages_help.test_the_desk_orders_writes_down_the_helper_confirms_and_decides",
        ),
    ),
    # Party members
    Job(
        "Party member",
        "report, claim in two taps, be done in two",
        ("/member", "/wishes"),
        (
            "test_pages_membership.test_a_member_reports_claims_and_completes_in_two_taps_each",
            "test_pages_wishes.test_a_volunteer_claims_in_two_taps_and_the_resident_confirms_in_one",
        ),
    ),
    Job(
        "Party member",
        "say what one can do",
        ("/skills",),
        ("test_pages_membership.test_a_volunteer_says_what_they_can_do_and_is_shown_what_fits",),
    ),
    Job(
        "Party member",
        "let the work unit know",
        ("/member/unit", "/u/{link}", "/office/statements"),
        (
            "test_pages_membership.test_a_member_lets_the_unit_know_and_the_unit_reads_what_was_sent",
        ),
    ),
    Job(
        "officer",
        "receive members and confirm what they did",
        ("/office/party",),
        ("test_pages_membership.test_a_secretary_of_two_communities_works_in_either",),
    ),
    # Organisations
    Job(
        "organisation",
        "file, change, report, and correct at the faulty field",
        ("/organisations", "/organisations/{id}/work", "/reports/{id}", "/o/{id}"),
        (
            "test_pages_societies.test_an_organisation_is_filed_and_its_report_opens_at_the_faulty_field",
            "test_pages_societies.test_everybody_reads_what_an_organisation_is_and_nobody_its_application",
        ),
    ),
    Job(
        "organisation",
        "have teams",
        ("/organisations/{id}/teams",),
        ("test_page_forms.test_an_organisation_asks_for_a_team_and_lets_who_acts_for_it_go",),
        posted=True,
    ),
    Job(
        "organisation",
        "apply to a call and account for a grant to the last fen",
        ("/calls", "/calls/{id}", "/grants/{id}", "/activities/{id}/money"),
        ("test_pages_granting.test_a_grant_goes_from_the_call_to_its_last_fen_through_the_pages",),
    ),
    Job(
        "organisation",
        "be graded, and wound up",
        ("/grades/{id}",),
        (
            "test_pages_society_cases.test_an_organisation_is_listed_changed_graded_and_wound_up_on_its_pages",
        ),
    ),
    Job(
        "organisation",
        "carry a project of residents",
        ("/projects", "/projects/{id}", "/office/projects"),
        ("test_pages_community.test_residents_carry_a_project_from_the_proposal_to_the_last_word",),
    ),
    # Officers
    Job(
        "officer",
        "the next case in one tap, decided in two",
        ("/office/organisations", "/office/organisations/{id}"),
        ("test_pages_societies.test_a_registrar_sees_the_case_beside_its_checks_and_clock",),
    ),
    Job(
        "officer",
        "award stars, decide objections, find misconduct",
        ("/office/stars", "/office/objections", "/office/findings"),
        (
            "test_pages_office.test_a_star_goes_from_application_to_appeal_through_the_pages",
            "test_pages_personal.test_an_objection_is_made_answered_and_decided",
            "test_pages_office.test_a_finding_takes_two_officers_and_the_appeal_a_third",
        ),
    ),
    Job(
        "officer",
        "pay in two steps, in the open",
        ("/office/payments", "/money", "/money/sources/{id}"),
        ("test_pages_funding.test_a_payment_goes_through_two_hands_and_everybody_reads_it",),
    ),
    Job(
        "officer",
        "prove oneself twice",
        ("/second-factor",),
        ("test_pages_office.test_a_role_rests_until_its_holder_sets_up_a_second_factor",),
    ),
    Job(
        "officer",
        "give roles, open urgent access, hold and release, tell of a breach",
        ("/office/roles", "/office/urgent", "/office/holds", "/office/breaches"),
        ("test_page_forms.test_two_operators_two_officers_and_the_protector_have_their_pages",),
        posted=True,
    ),
    Job(
        "officer",
        "review hours a second time, hand rewards over",
        ("/office/hours", "/desk/rewards"),
        ("test_page_forms.test_the_desk_hands_over_and_rejects_and_an_officer_reviews",),
        posted=True,
    ),
    Job(
        "officer",
        "act on one person by number, and settle what the dead leave",
        ("/office/people", "/office/people/{id}"),
        (
            "test_page_people.test_a_station_and_a_district_act_on_one_person_by_number",
            "test_page_people.test_a_death_is_reported_withdrawn_and_settled_by_two",
        ),
        posted=True,
    ),
    Job(
        "officer",
        "answer what people ask about their data",
        ("/office/requests", "/office/requests/{id}"),
        ("test_page_people.test_the_protector_corrects_erases_and_answers_in_time",),
        posted=True,
    ),
    Job(
        "officer",
        "stop an activity, take hours back, open an emergency, found stations, grant time",
        ("/office/station", "/office/district", "/office/pool", "/desk/teams", "/office/units"),
        (
            "test_page_forms.test_a_district_stops_reverses_and_closes_through_its_pages",
            "test_page_forms.test_teams_pools_and_accounts_begin_and_end_on_pages",
        ),
        posted=True,
    ),
    Job(
        "officer",
        "publish the policy, which everybody reads as of any day",
        ("/office/policy", "/policy"),
        ("test_page_forms.test_a_volunteer_donates_and_two_leads_publish_what_everybody_reads",),
        posted=True,
    ),
    Job(
        "officer",
        "make one of two registrations of a person",
        ("/desk/merges", "/office/merges"),
        ("test_pages_office.test_two_registrations_become_one_by_the_desk_and_the_office",),
    ),
    # Auditors and everybody
    Job(
        "auditor and public",
        "verify a receipt in the browser in one tap",
        ("/verify",),
        ("test_pages_verifier.test_the_golden_receipt_holds_and_the_server_is_not_asked",),
        needs_scripts=True,
    ),
    Job(
        "auditor and public",
        "look into the ledger and the statistics, and take the numbers away",
        ("/ledger", "/ledger/stations", "/statistics"),
        (
            "test_pages_public.test_the_ledger_is_open_to_whoever_looks",
            "test_pages_public.test_area_month_and_kind_are_chosen_together_and_the_file_follows",
        ),
    ),
    Job(
        "auditor and public",
        "read how it is done",
        ("/manual",),
        ("test_pages_public.test_each_page_leads_to_the_manual_and_to_people_who_help",),
    ),
)
