namespace Stip.Api.Engine;

/// <summary>Something that a model's loop does for somebody who waits.</summary>
internal abstract class EngineWork
{
    public abstract void Run();
}
