namespace Stip.Api.Engine.Scheduling;

/// <summary>What the scheduler knows of a step: whose it is and how long.</summary>
internal interface IScheduled
{
    /// <summary>Turns are fair between owners.</summary>
    string Owner { get; }

    /// <summary>Rows that were not run yet.</summary>
    int RowsLeft { get; }

    /// <summary>True for a step that runs on its own, between batches of others' single rows.</summary>
    bool IsLong => RowsLeft > 1;
}
