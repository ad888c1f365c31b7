namespace Stip.Api.Engine.Forward;

/// <summary>What a pass gave.</summary>
/// <param name="Outputs">Owned.</param>
/// <param name="Times">Where it spent its time.</param>
internal sealed record PassAnswer(PassOutputs Outputs, StepTimes Times) : IDisposable
{
    public void Dispose() => Outputs.Dispose();
}
