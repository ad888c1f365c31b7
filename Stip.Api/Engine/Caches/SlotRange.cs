namespace Stip.Api.Engine.Caches;

/// <summary>Neighbouring slots of an arena.</summary>
internal readonly record struct SlotRange(ICacheArena Arena, int First, int Count);
