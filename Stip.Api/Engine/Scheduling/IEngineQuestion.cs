namespace Stip.Api.Engine.Scheduling;

/// <summary>Something about sessions that a model's loop does for somebody who waits.</summary>
internal interface IEngineQuestion
{
    void Run(SessionTable sessions);

    void Refuse(Refusal refusal);
}
